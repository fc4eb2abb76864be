/// Name the dma-buf as the owner of what the heaps map.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
// Options: --smpl-spacing
// 5.10: both heaps map their buffers by heap-helpers.c.
/// Expect: 2
// <smpl>
@@
@@
 #include <linux/vmalloc.h>
+#include <linux/vma_owner.h>

@@
@@
 struct vm_operations_struct dma_heap_vm_ops = {
	.fault = dma_heap_vm_fault,
+#ifdef CONFIG_VMA_OWNER
+	.owner_ops = &dma_buf_cached_vma_owner_ops,
+#endif
 };
// </smpl>
