/// Name the dma-buf as the owner of what the CMA heap maps.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
// Options: --smpl-spacing
/// Expect: 2
// <smpl>
@@
@@
 #include <linux/slab.h>
+#include <linux/vma_owner.h>

@@
@@
 struct vm_operations_struct dma_heap_vm_ops = {
	.fault = cma_heap_vm_fault,
+#ifdef CONFIG_VMA_OWNER
+	.owner_ops = &dma_buf_cached_vma_owner_ops,
+#endif
 };
// </smpl>
