// SPDX-License-Identifier: GPL-2.0
u64 believed(unsigned long addr)
{
	struct vm_area_struct *vma = find_vma(current->mm, addr);

	if (!(vma->vm_flags & VM_PFNMAP))		/* expect: safe by Coccinelle */
		return 0;
	return (vma->vm_pgoff << PAGE_SHIFT) +		/* expect: pin */
		(addr - vma->vm_start);
}

static u64 believed_in_a_helper(struct vm_area_struct *vma, unsigned long addr)
{
	unsigned long page = (addr - vma->vm_start) >> PAGE_SHIFT;

	return page + vma->vm_pgoff;			/* expect: pin */
}

static bool is_mine(struct vm_area_struct *vma)
{
	if (!vma->vm_ops || vma->vm_ops == NULL)
		return false;
	return vma->vm_ops == &my_vm_ops;		/* expect: pin */
}

static bool is_called_dmabuf(struct vm_area_struct *vma)
{
	if (!vma->vm_file)
		return false;
	return !strcmp(vma->vm_file->f_path.dentry->d_name.name, "dmabuf"); /* expect: pin */
}

struct dma_buf *looked_up(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma = vma_lookup(mm, addr);

	return vma ? dma_buf_of(vma->vm_file) : NULL;	/* expect: pin */
}

static vm_fault_t my_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	unsigned long page = (vmf->address - vma->vm_start) >> PAGE_SHIFT;

	vmf->page = my_page(vma->vm_file->private_data, page + vma->vm_pgoff);
	return 0;
}

static int my_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_private_data = my_buffer(file, vma->vm_pgoff);
	vma->vm_ops = &my_vm_ops;
	return 0;
}
