/// USERPTR buffers of dma-contig queues are pinned through their owner.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
// 5.10: get_userptr() takes device and direction, and the core of videobuf2
// knows whether to sync.
/// Expect: 26
// <smpl>
@@
@@
 #include <media/videobuf2-vma-owner.h>
+#include <media/videobuf2-vma-pin.h>

@@
@@
 struct vb2_dc_buf {
	...
-	struct frame_vector		*vec;
+	struct vma_pin			pin;
	...
 };

@@
identifier buf;
@@
 vb2_dc_vaddr(...)
 {
	...
+	if (!buf->vaddr && buf->pin.client)
+		buf->vaddr = vb2_pin_vaddr(&buf->pin, buf->dma_dir);
	return buf->vaddr;
 }

@@
@@
+static int vb2_dc_prepare(void *buf_priv)
+{
+	struct vb2_dc_buf *buf = buf_priv;
+
+	/* No hint of user space is about this: its owner has to know */
+	if (buf->pin.client)
+		return vb2_pin_prepare(&buf->pin);
+
+	if (!buf->dma_sgt)
+		return 0;
+
+	dma_sync_sgtable_for_device(buf->dev, buf->dma_sgt, buf->dma_dir);
+	return 0;
+}
-static int vb2_dc_prepare(void *buf_priv)
-{
-...
-}

@@
@@
+static int vb2_dc_finish(void *buf_priv)
+{
+	struct vb2_dc_buf *buf = buf_priv;
+
+	/* Of output queues, too: what is not taken back is not handed over */
+	if (buf->pin.client)
+		return vb2_pin_finish(&buf->pin);
+
+	if (!buf->dma_sgt)
+		return 0;
+
+	dma_sync_sgtable_for_cpu(buf->dev, buf->dma_sgt, buf->dma_dir);
+	return 0;
+}
-static int vb2_dc_finish(void *buf_priv)
-{
-...
-}

@@
@@
+static void vb2_dc_put_userptr(void *buf_priv)
+{
+	struct vb2_dc_buf *buf = buf_priv;
+
+	vma_unpin(&buf->pin);
+	kfree(buf);
+}
-static void vb2_dc_put_userptr(void *buf_priv)
-{
-...
-}

@@
@@
+static void *vb2_dc_get_userptr(struct device *dev, unsigned long vaddr,
+				unsigned long size,
+				enum dma_data_direction dma_dir)
+{
+	struct vb2_dc_buf *buf;
+	struct sg_table *sgt;
+	int ret;
+
+	/* Caches are synced by whole lines, and those belong to others too */
+	if (!size || !IS_ALIGNED(vaddr | size, dma_get_cache_alignment()))
+		return ERR_PTR(-EINVAL);
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
+	sgt = vb2_pin_map_contig(&buf->pin, dev, vaddr, size, dma_dir);
+	if (IS_ERR(sgt)) {
+		ret = PTR_ERR(sgt);
+		goto err_free;
+	}
+	if (vb2_dc_get_contiguous_size(sgt) < size) {
+		dev_err_ratelimited(dev, "%lu bytes of user memory are not contiguous\n",
+				    size);
+		ret = -EFAULT;
+		goto err_unpin;
+	}
+	if (vb2_pin_adjoins_by_luck(dev, sgt)) {
+		dev_err_ratelimited(dev, "%lu bytes of user memory are contiguous only in bounce buffers\n",
+				    size);
+		ret = -EFAULT;
+		goto err_unpin;
+	}
+	buf->dma_sgt = sgt;
+	buf->dma_addr = sg_dma_address(sgt->sgl);
+	return buf;
+
+err_unpin:
+	vma_unpin(&buf->pin);
+err_free:
+	kfree(buf);
+	return ERR_PTR(ret);
+}
-static void *vb2_dc_get_userptr(struct device *dev, unsigned long vaddr,
-	unsigned long size, enum dma_data_direction dma_dir)
-{
-...
-}
// </smpl>
