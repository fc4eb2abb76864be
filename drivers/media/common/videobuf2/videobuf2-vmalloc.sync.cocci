/// Tell the owner when the driver accesses a USERPTR buffer.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
// Options: --smpl-spacing
/// Expect: 1
// <smpl>
@@
@@
 const struct vb2_mem_ops vb2_vmalloc_memops = {
	...,
	.put_userptr = vb2_vmalloc_put_userptr,
+	.prepare = vb2_vmalloc_prepare,
+	.finish = vb2_vmalloc_finish,
 };
// </smpl>
