/// Name the dma-buf as the owner of what the system heap maps.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
/// Expect: 2
// <smpl>
@@
@@
  #include <linux/slab.h>
+ #include <linux/vma_owner.h>

@@
identifier dmabuf, vma;
[6.12] iterator name for_each_sgtable_page;
@@
  system_heap_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
  {
	...
[7.3] 	prot = vma->vm_page_prot;
[6.1] 	int ret;
[6.1] +
+	dma_buf_own_cached_vma(vma);
[6.12] 	for_each_sgtable_page(...) { ... }
	...
  }
// </smpl>
