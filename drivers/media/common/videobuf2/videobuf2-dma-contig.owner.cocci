/// Own what dma-contig buffers map: importers reach them through a dma-buf.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
/// Expect: 4
// <smpl>
@@
@@
 #include <media/videobuf2-memops.h>
+#include <media/videobuf2-vma-owner.h>

@@
@@
+static const struct vma_owner_obj_ops vb2_dc_owner_ops;
+
 static void *vb2_dc_alloc(struct vb2_buffer *vb, struct device *dev,
			   unsigned long size)
 { ... }

@@
identifier buf;
@@
 vb2_dc_alloc(...)
 {
	...
	buf->handler.arg = buf;
+	buf->handler.owner = &vb2_dc_owner_ops;
+	buf->handler.size = buf->size;
	...
 }

@@
@@
+static struct dma_buf *vb2_dc_owner_get_dmabuf(void *buf_priv)
+{
+	const struct vb2_dc_buf *buf = buf_priv;
+	struct dma_buf *dmabuf;
+
+	/* The device may be unbound by now: vb2_dc_mmap() has tried */
+	if (!buf->sgt_base)
+		return ERR_PTR(-EOPNOTSUPP);
+	dmabuf = vb2_dc_get_dmabuf(NULL, buf_priv, O_RDWR);
+	return dmabuf ? dmabuf : ERR_PTR(-ENOMEM);
+}
+
 static void vb2_dc_put_userptr(void *buf_priv)
 { ... }

@@
@@
+static const struct vma_owner_obj_ops vb2_dc_owner_ops = {
+	.name		= "vb2-dma-contig",
+	.module		= THIS_MODULE,
+	.put		= vb2_dc_put,
+	.get_dmabuf	= vb2_dc_owner_get_dmabuf,
+};
+
 static void vb2_dc_put_userptr(void *buf_priv)
 { ... }
// </smpl>
