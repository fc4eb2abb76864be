/// Name the dma-buf as the owner of what udmabuf maps.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
// Options: --smpl-spacing
/// Expect: 2
// <smpl>
@@
@@
 #include <linux/udmabuf.h>
+#include <linux/vma_owner.h>

@@
@@
 struct vm_operations_struct udmabuf_vm_ops = {
	.fault = udmabuf_vm_fault,
+#ifdef CONFIG_VMA_OWNER
+	.owner_ops = &dma_buf_cached_vma_owner_ops,
+#endif
 };
// </smpl>
