/// Map a vmalloc buffer from the page that was asked for.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
/// Expect: 1
// <smpl>
@@
@@
 static int vb2_vmalloc_mmap(void *buf_priv, struct vm_area_struct *vma)
 {
	...
-	ret = remap_vmalloc_range(vma, buf->vaddr, 0);
+	ret = remap_vmalloc_range(vma, buf->vaddr, vma->vm_pgoff);
	...
 }
// </smpl>
