/// USERPTR buffers of dma-contig queues are pinned through their owner.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
/// Expect: 27
/// Expect: 28 [6.1 6.12]
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
	if (buf->vaddr)
		return buf->vaddr;
+
+	if (buf->pin.client) {
+		buf->vaddr = vb2_pin_vaddr(&buf->pin, buf->dma_dir);
+		return buf->vaddr;
+	}
	...
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
+	/* Set for dma-bufs, and at the wish of user space */
+	if (buf->vb->skip_cache_sync_on_prepare || !buf->non_coherent_mem)
+		return 0;
+
+	if (buf->vaddr)
+		flush_kernel_vmap_range(buf->vaddr, buf->size);
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
+	/* Set for dma-bufs, and at the wish of user space */
+	if (buf->vb->skip_cache_sync_on_finish || !buf->non_coherent_mem)
+		return 0;
+
+	if (buf->vaddr)
+		invalidate_kernel_vmap_range(buf->vaddr, buf->size);
+	dma_sync_sgtable_for_cpu(buf->dev, buf->dma_sgt, buf->dma_dir);
+	return 0;
+}
-static int vb2_dc_finish(void *buf_priv)
-{
-...
-}

@@
@@
 static void vb2_dc_put_userptr(void *buf_priv)
 {
	struct vb2_dc_buf *buf = buf_priv;
-	struct sg_table *sgt = buf->dma_sgt;
-	int i;
-	struct page **pages;
-	if (sgt) { ... } else { ... }
-	vb2_destroy_framevec(buf->vec);
+
+	vma_unpin(&buf->pin);
	kfree(buf);
 }

@@
@@
+static void *vb2_dc_get_userptr(struct vb2_buffer *vb, struct device *dev,
+				unsigned long vaddr, unsigned long size)
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
+	buf->vb = vb;
+	buf->size = size;
+	buf->dma_dir = vb->vb2_queue->dma_dir;
+	sgt = vb2_pin_map_contig(&buf->pin, dev, vaddr, size, buf->dma_dir);
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
-static void *vb2_dc_get_userptr(struct vb2_buffer *vb, struct device *dev,
-				 unsigned long vaddr, unsigned long size)
-{
-...
-}
// </smpl>
