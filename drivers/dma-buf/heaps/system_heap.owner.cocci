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
@@
  system_heap_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
  {
	...
	prot = vma->vm_page_prot;
+	dma_buf_own_cached_vma(vma);
	...
  }
// </smpl>
