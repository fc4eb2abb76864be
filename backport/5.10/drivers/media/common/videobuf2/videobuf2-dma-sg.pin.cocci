/// USERPTR buffers of dma-sg queues are pinned through their owner.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
// 5.10: get_userptr() takes device and direction, vaddr() has no vb, and
// dma_buf_vmap() returns the address.
/// Expect: 19
// <smpl>
@@
@@
 #include <media/videobuf2-dma-sg.h>
+#include <media/videobuf2-vma-pin.h>

@@
@@
 struct vb2_dma_sg_buf {
	...
-	struct frame_vector		*vec;
-	int				offset;
+	struct vma_pin			pin;
	...
-	struct sg_table			sg_table;
-	struct sg_table			*dma_sgt;
+	struct sg_table			sg_table;
+	/* &sg_table of an MMAP buffer, else what the pin or the dma-buf gave */
+	struct sg_table			*dma_sgt;
	...
 };

@@
identifier buf;
@@
 vb2_dma_sg_alloc(...)
 {
	...
-	buf->offset = 0;
	...
 }

@@
@@
+static int vb2_dma_sg_prepare(void *buf_priv)
+{
+	struct vb2_dma_sg_buf *buf = buf_priv;
+
+	/* No hint of user space is about this: its owner has to know */
+	if (buf->pin.client)
+		return vb2_pin_prepare(&buf->pin);
+
+	dma_sync_sgtable_for_device(buf->dev, buf->dma_sgt, buf->dma_dir);
+	return 0;
+}
-static int vb2_dma_sg_prepare(void *buf_priv)
-{
-...
-}

@@
@@
+static int vb2_dma_sg_finish(void *buf_priv)
+{
+	struct vb2_dma_sg_buf *buf = buf_priv;
+
+	/* Of output queues, too: what is not taken back is not handed over */
+	if (buf->pin.client)
+		return vb2_pin_finish(&buf->pin);
+
+	dma_sync_sgtable_for_cpu(buf->dev, buf->dma_sgt, buf->dma_dir);
+	return 0;
+}
-static int vb2_dma_sg_finish(void *buf_priv)
-{
-...
-}

@@
@@
+static void *vb2_dma_sg_get_userptr(struct device *dev, unsigned long vaddr,
+				    unsigned long size,
+				    enum dma_data_direction dma_dir)
+{
+	struct vb2_dma_sg_buf *buf;
+	struct sg_table *sgt;
+
+	if (WARN_ON(!dev))
+		return ERR_PTR(-EINVAL);
+
+	buf = kzalloc_obj(*buf);
+	if (!buf)
+		return ERR_PTR(-ENOMEM);
+
+	buf->dev = dev;
+	buf->size = size;
+	buf->dma_dir = dma_dir;
+	sgt = vb2_pin_map_dma(&buf->pin, dev, vaddr, size, dma_dir);
+	if (IS_ERR(sgt)) {
+		kfree(buf);
+		return sgt;
+	}
+	buf->dma_sgt = sgt;
+	return buf;
+}
-static void *vb2_dma_sg_get_userptr(struct device *dev, unsigned long vaddr,
-				    unsigned long size,
-				    enum dma_data_direction dma_dir)
-{
-...
-}

@@
@@
+static void vb2_dma_sg_put_userptr(void *buf_priv)
+{
+	struct vb2_dma_sg_buf *buf = buf_priv;
+
+	vma_unpin(&buf->pin);
+	kfree(buf);
+}
-static void vb2_dma_sg_put_userptr(void *buf_priv)
-{
-...
-}

@@
@@
+static void *vb2_dma_sg_vaddr(void *buf_priv)
+{
+	struct vb2_dma_sg_buf *buf = buf_priv;
+
+	if (buf->vaddr)
+		return buf->vaddr;
+	if (buf->pin.client) {
+		buf->vaddr = vb2_pin_vaddr(&buf->pin, buf->dma_dir);
+		return buf->vaddr;
+	}
+	if (buf->db_attach) {
+		buf->vaddr = dma_buf_vmap(buf->db_attach->dmabuf);
+		return buf->vaddr;
+	}
+	buf->vaddr = vm_map_ram(buf->pages, buf->num_pages, NUMA_NO_NODE);
+	return buf->vaddr;
+}
-static void *vb2_dma_sg_vaddr(void *buf_priv)
-{
-...
-}
// </smpl>
