/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the modules do not find in 6.1.
 */
#include <linux/pci.h>
#include <linux/vma_owner.h>

/* BARs are mapped by a mask of them */
static inline void __iomem *pcim_iomap_region(struct pci_dev *pci, int bar,
					      const char *name)
{
	int ret = pcim_iomap_regions(pci, BIT(bar), name);

	return ret ? IOMEM_ERR_PTR(ret) : pcim_iomap_table(pci)[bar];
}

/* Another name, and it returns the page table entry */
struct follow_pfnmap_args {
	struct vm_area_struct	*vma;
	unsigned long		address;
	unsigned long		pfn;
	pte_t			*ptep;
	spinlock_t		*ptl;
};

static inline int follow_pfnmap_start(struct follow_pfnmap_args *args)
{
	int ret;

	if (!(args->vma->vm_flags & (VM_IO | VM_PFNMAP)))
		return -EINVAL;
	ret = follow_pte(args->vma->vm_mm, args->address, &args->ptep,
			 &args->ptl);
	if (!ret)
		args->pfn = pte_pfn(*args->ptep);
	return ret;
}

static inline void follow_pfnmap_end(struct follow_pfnmap_args *args)
{
	pte_unmap_unlock(args->ptep, args->ptl);
}
