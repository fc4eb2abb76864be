/// USERPTR buffers of vmalloc queues are pinned through their owner.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
/// Expect: 10
/// Expect: 11 [6.1 6.12]
// <smpl>
@@
@@
 #include <media/videobuf2-memops.h>
+#include <media/videobuf2-vma-pin.h>

@@
@@
 struct vb2_vmalloc_buf {
	...
-	struct frame_vector		*vec;
+	struct vma_pin			pin;
	...
 };

@@
@@
+static void *vb2_vmalloc_get_userptr(struct vb2_buffer *vb, struct device *dev,
+				     unsigned long vaddr, unsigned long size)
+{
+	struct vb2_vmalloc_buf *buf;
+	void *map;
+
+	buf = kzalloc_obj(*buf);
+	if (!buf)
+		return ERR_PTR(-ENOMEM);
+
+	buf->dma_dir = vb->vb2_queue->dma_dir;
+	buf->size = size;
+	map = vb2_pin_vmap(&buf->pin, vaddr, size, buf->dma_dir);
+	if (IS_ERR(map)) {
+		kfree(buf);
+		return map;
+	}
+	buf->vaddr = map;
+	return buf;
+}
-static void *vb2_vmalloc_get_userptr(struct vb2_buffer *vb, struct device *dev,
-				      unsigned long vaddr, unsigned long size)
-{
-...
-}

@@
@@
+static void vb2_vmalloc_put_userptr(void *buf_priv)
+{
+	struct vb2_vmalloc_buf *buf = buf_priv;
+
+	vma_unpin(&buf->pin);
+	kfree(buf);
+}
-static void vb2_vmalloc_put_userptr(void *buf_priv)
-{
-...
-}

@@
@@
+static int vb2_vmalloc_prepare(void *buf_priv)
+{
+	struct vb2_vmalloc_buf *buf = buf_priv;
+
+	return vb2_pin_begin_access(&buf->pin);
+}
+
+static int vb2_vmalloc_finish(void *buf_priv)
+{
+	struct vb2_vmalloc_buf *buf = buf_priv;
+
+	return vb2_pin_end_access(&buf->pin);
+}
+
 static void *vb2_vmalloc_vaddr(struct vb2_buffer *vb, void *buf_priv)
 { ... }
// </smpl>
