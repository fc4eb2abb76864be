/// Do not go on with a USERPTR buffer that has been replaced.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
// Options: --smpl-spacing
/// Expect: 2
// <smpl>
@@
typedef bool;
@@
+/* The address may be that of other memory by now */
+static bool __userptr_stale(struct vb2_buffer *vb, unsigned int plane)
+{
+	const struct vb2_mem_ops *ops = vb->vb2_queue->mem_ops;
+	void *priv = vb->planes[plane].mem_priv;
+
+	return ops->userptr_stale && ops->userptr_stale(priv);
+}
+
+/* Has it been prepared, but not queued, and is to be prepared again? */
+static bool __buf_stale(struct vb2_buffer *vb)
+{
+	unsigned int plane;
+
+	if (!vb->prepared || vb->memory != VB2_MEMORY_USERPTR)
+		return false;
+	for (plane = 0; plane < vb->num_planes; plane++)
+		if (__userptr_stale(vb, plane))
+			return true;
+	return false;
+}
+
 static int __prepare_userptr(struct vb2_buffer *vb)
 { ... }

@@
@@
 __buf_prepare(...)
 {
	...
+	if (__buf_stale(vb))
+		__buf_unprepare(vb);
	if (vb->prepared)
		return 0;
	...
 }
// </smpl>
