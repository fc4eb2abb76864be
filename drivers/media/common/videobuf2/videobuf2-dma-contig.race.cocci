/// Two importers may ask for the table or the kernel mapping at once.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
/// Expect: 3
// <smpl>
@@
@@
+static void vb2_dc_set_base_sgt(struct vb2_dc_buf *buf, struct sg_table *sgt)
+{
+	/* No lock is common to all importers: the first to be done wins */
+	if (!sgt || !cmpxchg(&buf->sgt_base, NULL, sgt) || sgt == buf->dma_sgt)
+		return;
+	sg_free_table(sgt);
+	kfree(sgt);
+}
+
 static struct dma_buf *vb2_dc_get_dmabuf(struct vb2_buffer *vb,
					  void *buf_priv, unsigned long flags)
 { ... }

@@
identifier buf;
@@
 vb2_dc_get_dmabuf(...)
 {
	...
	if (!buf->sgt_base)
-		buf->sgt_base = vb2_dc_get_base_sgt(buf);
+		vb2_dc_set_base_sgt(buf, vb2_dc_get_base_sgt(buf));
	...
 }

@@
identifier buf;
@@
 vb2_dc_vaddr(...)
 {
	...
-	if (buf->non_coherent_mem)
-		buf->vaddr = dma_vmap_noncontiguous(buf->dev, buf->size, buf->dma_sgt);
+	if (buf->non_coherent_mem) {
+		void *vaddr = dma_vmap_noncontiguous(buf->dev, buf->size,
+						     buf->dma_sgt);
+
+		/* The first of two callers wins, see vb2_dc_set_base_sgt() */
+		if (vaddr && cmpxchg(&buf->vaddr, NULL, vaddr))
+			dma_vunmap_noncontiguous(buf->dev, vaddr);
+	}
	return buf->vaddr;
 }
// </smpl>
