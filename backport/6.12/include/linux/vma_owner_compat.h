/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What vma_owner, written for 7.3, does not find in 6.12. Each part says why.
 * linux/vma_owner.h includes it.
 */
#ifndef _LINUX_VMA_OWNER_COMPAT_H
#define _LINUX_VMA_OWNER_COMPAT_H

#include <linux/dma-buf.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/vma_owner_iova.h>

/* No list of modules, but a namespace: its importers can be found by grep */
#define EXPORT_SYMBOL_FOR_MODULES(sym, ...) \
	EXPORT_SYMBOL_NS_GPL(sym, VMA_OWNER_EXTENTS)

/* The flags are passed, not the VMA */
static inline bool vma_is_cow_mapping(const struct vm_area_struct *vma)
{
	return is_cow_mapping(vma->vm_flags);
}

/* A block layer's struct in 7.3, in linux/types.h */
struct phys_vec {
	phys_addr_t	paddr;
	size_t		len;
};

/* The DMA API maps pages, or memory as it is, by different calls */
#define DMA_ATTR_MMIO	BIT(31)

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
	if (attrs & DMA_ATTR_MMIO)
		return vma_compat_map_resource(dev, paddr, len, dir,
					       attrs & ~DMA_ATTR_MMIO);
	if (!pfn_valid(PHYS_PFN(paddr)))
		return DMA_MAPPING_ERROR;
	return dma_map_page_attrs(dev, pfn_to_page(PHYS_PFN(paddr)),
				  offset_in_page(paddr), len, dir, attrs);
}

static inline void dma_unmap_phys(struct device *dev, dma_addr_t addr,
				  size_t len, enum dma_data_direction dir,
				  unsigned long attrs)
{
	if (attrs & DMA_ATTR_MMIO)
		dma_unmap_resource(dev, addr, len, dir, attrs & ~DMA_ATTR_MMIO);
	else
		dma_unmap_page_attrs(dev, addr, len, dir, attrs);
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

/* The importer's callback, the call of it and the question for it have other names */
#define invalidate_mappings	move_notify
#define dma_buf_attach_revocable(a)	dma_buf_attachment_is_dynamic(a)
#define dma_buf_invalidate_mappings	dma_buf_move_notify

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
