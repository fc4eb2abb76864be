/// Do not go on with a USERPTR buffer that has been replaced.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
// Options: --smpl-spacing
/// Expect: 1
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
 static int __prepare_userptr(struct vb2_buffer *vb)
 { ... }
// </smpl>
