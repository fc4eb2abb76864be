/// Two importers may ask for the table at once.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
// 5.10: get_dmabuf() has no vb, and only one caller makes a kernel mapping.
/// Expect: 2
// <smpl>
@@
@@
+static void vb2_dc_set_base_sgt(struct vb2_dc_buf *buf, struct sg_table *sgt)
+{
+	/* No lock is common to all importers: the first to be done wins */
+	if (!sgt || !cmpxchg(&buf->sgt_base, NULL, sgt))
+		return;
+	sg_free_table(sgt);
+	kfree(sgt);
+}
+
 static struct dma_buf *vb2_dc_get_dmabuf(void *buf_priv, unsigned long flags)
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
// </smpl>
