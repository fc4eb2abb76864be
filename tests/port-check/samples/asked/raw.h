/* SPDX-License-Identifier: GPL-2.0 */
static bool nobody_owns(struct vm_area_struct *vma)
{
	return vma->vm_flags & VM_PFNMAP && !vma_has_owner(vma);
}
