/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pfns out of page tables, in the mappings of vfio_iommu_type1: a part of that
 * file.
 *
 * They are all that can be had of device memory that nobody owns. They are not
 * counted, and nobody says when the memory is taken away or becomes somebody
 * else's; a device goes on with it until user space unmaps it. So this is the
 * last resort: memory that GUP takes does not get here, nor does any that has
 * an owner, whatever that owner answers.
 */

static bool vfio_raw_is_needed(const struct vm_area_struct *vma)
{
	return vma->vm_flags & VM_PFNMAP && !vma_has_owner(vma);
}

/*
 * Whose mapping is it? Many have no vm_ops, and those that have keep their name
 * to themselves in a kernel without CONFIG_KALLSYMS_ALL, so name a function.
 */
static const void *vfio_raw_exporter(const struct vm_area_struct *vma)
{
	const struct vm_operations_struct *ops = vma->vm_ops;
	const struct file_operations *fops;

	if (ops && ops->fault)
		return ops->fault;
	if (!vma->vm_file)
		return ops ? ops->name : NULL;
	fops = vma->vm_file->f_op;
	return fops->mmap ? (void *)fops->mmap : (void *)fops->mmap_prepare;
}

static void vfio_raw_used(const struct vm_area_struct *vma)
{
	pr_warn_once("vfio_iommu_type1: maps memory of %pD that nobody owns (%ps): a device keeps it even when it becomes somebody else's\n",
		     vma->vm_file, vfio_raw_exporter(vma));
}

static void vfio_raw_refused(const struct vm_area_struct *vma)
{
	pr_warn_once("vfio_iommu_type1: does not map memory of %pD that nobody owns (%ps): the module parameter allow_raw_pfns would\n",
		     vma->vm_file, vfio_raw_exporter(vma));
}

/*
 * vfio_raw_pfns - take pfns from the page table
 * @err: what GUP has to say of @vaddr
 *
 * Returns how many pfns follow @pfn in one entry of the page table, up to
 * @npages, or an errno, which is @err if there is nothing to be had at @vaddr
 * in this way. mmap_lock is held for reading, and may be dropped meanwhile.
 */
static long vfio_raw_pfns(struct mm_struct *mm, unsigned long vaddr,
			  unsigned long npages, int prot, unsigned long *pfn,
			  long err)
{
	struct vm_area_struct *vma;
	unsigned long mask;
	long ret;

	do {
		vma = vma_lookup(mm, vaddr);
		if (!vma || !vfio_raw_is_needed(vma))
			return err;
		if (!READ_ONCE(allow_raw_pfns)) {
			vfio_raw_refused(vma);
			return err;
		}
		ret = follow_fault_pfn(vma, mm, vaddr, pfn, &mask,
				       prot & IOMMU_WRITE);
	} while (ret == -EAGAIN);
	if (ret)
		return ret;
	/* What GUP would take is not for here */
	if (!is_invalid_reserved_pfn(*pfn))
		return -EFAULT;
	vfio_raw_used(vma);
	mask = ~mask >> PAGE_SHIFT;
	return min(npages, mask + 1 - (*pfn & mask));
}
