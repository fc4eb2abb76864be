/// Name the dma-buf as the owner of what the system heap maps.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
// 6.1: there is no local copy of the protection to stand after.
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
	int ret;
+
+	dma_buf_own_cached_vma(vma);
	...
  }
// </smpl>
