/// Name the dma-buf as the owner of what the system heap maps.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
// 6.12: the pages are mapped one by one, with the protection of the VMA.
/// Expect: 2
// <smpl>
@@
@@
  #include <linux/slab.h>
+ #include <linux/vma_owner.h>

@@
identifier dmabuf, vma;
iterator name for_each_sgtable_page;
@@
  system_heap_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
  {
	...
+	dma_buf_own_cached_vma(vma);
	for_each_sgtable_page(...) { ... }
	...
  }
// </smpl>
