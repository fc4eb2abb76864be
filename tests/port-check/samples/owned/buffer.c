// SPDX-License-Identifier: GPL-2.0
static const struct vm_operations_struct owned_vm_ops = {
	.open		= owned_open,
	.close		= owned_close,
	.owner_ops	= &owned_owner_ops,
};

int map_owned(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &owned_vm_ops;
	return remap_pfn_range(vma, vma->vm_start, pfn,	/* expect: safe */
			       size, vma->vm_page_prot);
}
