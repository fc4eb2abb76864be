/// videobuf2 owns what its buffers map.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
// Options: --smpl-spacing
/// Expect: 2
// <smpl>
@@
@@
 #include <media/videobuf2-memops.h>
+#include <media/videobuf2-vma-owner.h>

@@
@@
 struct vm_operations_struct vb2_common_vm_ops = {
	...,
	.close = vb2_common_vm_close,
+	.owner_ops = &vb2_vma_owner_ops,
 };
// </smpl>
