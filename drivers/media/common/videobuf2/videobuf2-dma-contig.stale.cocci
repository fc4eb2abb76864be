/// Whether the memory of a USERPTR buffer is still there.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
// Options: --smpl-spacing
/// Expect: 1
// <smpl>
@@
typedef bool;
@@
 vb2_dc_put_userptr(void *buf_priv)
 { ... }
+
+static bool vb2_dc_userptr_stale(void *buf_priv)
+{
+	struct vb2_dc_buf *buf = buf_priv;
+
+	return !vma_pin_still_there(&buf->pin);
+}
// </smpl>
