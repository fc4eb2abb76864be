// SPDX-License-Identifier: GPL-2.0
int raw(struct vm_area_struct *vma, unsigned long addr, unsigned long *pfn)
{
	if (!unsafe_follow_pfn(vma, addr, pfn))		/* expect: pin */
		return 0;
	return follow_pfn(vma, addr, pfn);		/* expect: pin */
}

int handed_out(struct vm_area_struct *vma, unsigned long addr, u64 *out)
{
	struct follow_pfnmap_args args = { .vma = vma, .address = addr };
	int ret = follow_pfnmap_start(&args);		/* expect: pin */

	if (ret)
		return ret;
	*out = args.pfn;
	follow_pfnmap_end(&args);
	return 0;
}

int used_later(struct vm_area_struct *vma, unsigned long addr)
{
	unsigned long pfn;
	spinlock_t *lock;
	pte_t *pte;

	if (follow_pte(vma->vm_mm, addr, &pte, &lock))	/* expect: pin */
		return -EFAULT;
	pfn = pte_pfn(*pte);
	pte_unmap_unlock(pte, lock);
	return program(pfn);
}

int used_under_the_lock(struct vm_area_struct *vma, unsigned long addr)
{
	struct follow_pfnmap_args args = { .vma = vma, .address = addr };
	unsigned long pfn;

	if (follow_pfnmap_start(&args))			/* expect: safe */
		return -EFAULT;
	pfn = args.pfn;
	read_once(pfn);
	follow_pfnmap_end(&args);
	return 0;
}
