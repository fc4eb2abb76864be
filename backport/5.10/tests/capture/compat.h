/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the modules do not find in 5.10.
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

/* Made of follow_pfn(), which suffices for a look under mmap_lock */
struct follow_pfnmap_args {
	struct vm_area_struct	*vma;
	unsigned long		address;
	unsigned long		pfn;
};

static inline int follow_pfnmap_start(struct follow_pfnmap_args *args)
{
	return follow_pfn(args->vma, args->address, &args->pfn);
}

static inline void follow_pfnmap_end(struct follow_pfnmap_args *args) { }
