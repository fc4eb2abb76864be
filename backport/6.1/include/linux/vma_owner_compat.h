/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What vma_owner, written for 7.3, does not find in 6.1 and 5.10. Each part says why.
 * linux/vma_owner.h includes it.
 */
#ifndef _LINUX_VMA_OWNER_COMPAT_H
#define _LINUX_VMA_OWNER_COMPAT_H

#include <linux/dma-buf.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vma_owner_iova.h>
#include <linux/vma_owner_older.h>

/* Typed allocation came with 7.0 */
#define kzalloc_obj(p)	kzalloc(sizeof(typeof(p)), GFP_KERNEL)
#define kvmalloc_objs(p, n)	kvmalloc_array(n, sizeof(typeof(p)), GFP_KERNEL)
#define kzalloc_objs(p, n)	kcalloc(n, sizeof(typeof(p)), GFP_KERNEL)
#define kvzalloc_objs(p, n)	kvcalloc(n, sizeof(typeof(p)), GFP_KERNEL)

/* No list of modules, but a namespace: its importers can be found by grep */
#define EXPORT_SYMBOL_FOR_MODULES(sym, modules) \
	EXPORT_SYMBOL_NS_GPL(sym, VMA_OWNER_EXTENTS)

/* ------------------------------------------------------------------------- */
/* mm                                                                        */

/* No VMA locks: callers go on with mmap_lock */
static inline struct vm_area_struct *lock_vma_under_rcu(struct mm_struct *mm,
							unsigned long addr)
{
	return NULL;
}

static inline void vma_end_read(struct vm_area_struct *vma) { }

/* Flags of a VMA are changed by hand */
static inline void vm_flags_set(struct vm_area_struct *vma,
				unsigned long flags)
{
	vma->vm_flags |= flags;
}

/*
 * Only anonymous pages are unshared, and on 5.10 none. A page of a private file
 * mapping, or the zero page, that is pinned for reading may be left behind when user
 * space writes to it next. So break COW wherever user space may write; what it may
 * not write to, nobody moves away.
 */
static inline int vma_pin_user_pages_fast(unsigned long start, int nr,
					  unsigned int gup_flags,
					  struct page **pages)
{
	int ret;

	if (!(gup_flags & FOLL_WRITE)) {
		ret = pin_user_pages_fast(start, nr, gup_flags | FOLL_WRITE,
					  pages);
		if (ret == nr)
			return ret;
		if (ret > 0)
			unpin_user_pages(pages, ret);
	}
	return pin_user_pages_fast(start, nr, gup_flags, pages);
}

/* ------------------------------------------------------------------------- */
/* Physical memory and DMA                                                   */

/* A block layer's struct in 7.3, in linux/types.h */
struct phys_vec {
	phys_addr_t	paddr;
	size_t		len;
};

/* The DMA API maps pages, or memory without pages, by different calls */
#define DMA_ATTR_MMIO	BIT(31)

/* A carve-out may have pages: dma_map_resource() refuses those */
static inline bool vma_compat_is_resource(phys_addr_t paddr,
					  unsigned long attrs)
{
	return attrs & DMA_ATTR_MMIO && !pfn_valid(PHYS_PFN(paddr));
}

static inline unsigned long vma_compat_attrs(unsigned long attrs)
{
	if (attrs & DMA_ATTR_MMIO)
		attrs |= DMA_ATTR_SKIP_CPU_SYNC;
	return attrs & ~DMA_ATTR_MMIO;
}

/* Without an IOMMU dma_map_resource() does not translate the address */
static inline dma_addr_t
vma_compat_map_resource(struct device *dev, phys_addr_t paddr, size_t len,
			enum dma_data_direction dir, unsigned long attrs)
{
	if (dev->dma_range_map && !get_dma_ops(dev) &&
	    !dma_get_merge_boundary(dev))
		return DMA_MAPPING_ERROR;
	return dma_map_resource(dev, paddr, len, dir, attrs);
}

static inline dma_addr_t dma_map_phys(struct device *dev, phys_addr_t paddr,
				      size_t len, enum dma_data_direction dir,
				      unsigned long attrs)
{
	if (vma_compat_is_resource(paddr, attrs))
		return vma_compat_map_resource(dev, paddr, len, dir,
					       attrs & ~DMA_ATTR_MMIO);
	if (!pfn_valid(PHYS_PFN(paddr)))
		return DMA_MAPPING_ERROR;
	return dma_map_page_attrs(dev, pfn_to_page(PHYS_PFN(paddr)),
				  offset_in_page(paddr), len, dir,
				  vma_compat_attrs(attrs));
}

/* Pages and resources are unmapped alike, except that only pages are synced */
static inline void dma_unmap_phys(struct device *dev, dma_addr_t addr,
				  size_t len, enum dma_data_direction dir,
				  unsigned long attrs)
{
	dma_unmap_page_attrs(dev, addr, len, dir, vma_compat_attrs(attrs));
}

/* p2pdma knows only pages of its own: MMIO is mapped for no device */
struct p2pdma_provider {
	struct device	*owner;
};

static inline enum pci_p2pdma_map_type
pci_p2pdma_map_type(struct p2pdma_provider *provider, struct device *dev)
{
	return PCI_P2PDMA_MAP_NOT_SUPPORTED;
}

static inline dma_addr_t
pci_p2pdma_bus_addr_map(struct p2pdma_provider *provider, phys_addr_t paddr)
{
	return DMA_MAPPING_ERROR;
}

/* ------------------------------------------------------------------------- */
/* dma-buf                                                                   */

/* The importer's callback, and the call of it, have other names */
#define invalidate_mappings	move_notify
#define dma_buf_invalidate_mappings	dma_buf_move_notify

static inline bool dma_dev_need_sync(const struct device *dev)
{
	return true;
}

/* Whether VMAs have changed is not counted */
static inline bool mmap_lock_speculate_try_begin(struct mm_struct *mm,
						 unsigned int *seq)
{
	return false;
}

static inline bool mmap_lock_speculate_retry(struct mm_struct *mm,
					     unsigned int seq)
{
	return true;
}

#endif
