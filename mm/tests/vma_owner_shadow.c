// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests for VMA owners: a DMA API that knows who owns what.
 *
 * Built in only, as it takes in what maps pins once more. DMA_API_DEBUG is told
 * of each mapping and each sync, so that the kernel log has its judgement beside
 * that of the cases. The two look at different things:
 *
 * DMA_API_DEBUG compares calls. It alone sees what leaves the content right: a
 * mapping that is undone in another direction, by another function or with
 * another size; one whose error nobody asked for; a segment longer than the
 * device takes; a sync of more than is mapped. It does not know who touches the
 * memory, and not of ranges of IO virtual addresses, dma_iova_link() and its kind,
 * at all. Nor can it tell two mappings at one address: if one device maps the same
 * memory twice and syncs a part of it, it complains of that, and so is not told in
 * such a case.
 *
 * Here, each line of the memory is the device's or the CPU's. So it is seen that
 * a call is missing, comes twice, too late or in the place of its opposite, that
 * its direction is not what is done, though a mapping for both allows it, and what
 * is unmapped without a sync while it is the device's.
 *
 * Both see a sync of what is not mapped, and in another direction than that of the
 * mapping: there the mutants say "dma-debug: yes".
 */
#include <linux/highmem.h>
#include <linux/iommu.h>
#include <linux/swiotlb.h>
#include <linux/dma-map-ops.h>
#include "../../kernel/dma/debug.h"
#include "vma_owner_shadow.h"

#define VO_POOL		((phys_addr_t)SZ_2G)	/* of bounce buffers, behind an IOMMU */

struct vo_dma vo_dma;

static struct vo_dma_page *vo_dma_page(phys_addr_t phys)
{
	unsigned long pfn = PHYS_PFN(phys);
	int i;

	for (i = 0; i < ARRAY_SIZE(vo_dma.pages); i++)
		if (vo_dma.pages[i].pfn == pfn)
			return &vo_dma.pages[i];
	return NULL;
}

static void vo_dma_flush(struct vo_dma_page *p, unsigned int line, bool to_device,
			 enum dma_data_direction dir)
{
	u8 *cpu = page_address(pfn_to_page(p->pfn)) + line * VO_LINE;
	u8 *ram = p->ram + line * VO_LINE, *seen = p->seen + line * VO_LINE;

	if (to_device && (vo_dma.bounces || memcmp(cpu, seen, VO_LINE)))
		memcpy(ram, cpu, VO_LINE);
	if (!to_device && dir != DMA_TO_DEVICE)
		memcpy(cpu, ram, VO_LINE);
	memcpy(seen, cpu, VO_LINE);
	if (to_device)
		p->device |= BIT_ULL(line);
	else
		p->device &= ~BIT_ULL(line);
}

/* Under the lock. Whose it is from now on; only pages that are watched count */
static void vo_dma_pass(phys_addr_t phys, size_t len, bool to_device,
			enum dma_data_direction dir)
{
	phys_addr_t at, end = phys + len;
	struct vo_dma_page *p;

	for (at = ALIGN_DOWN(phys, VO_LINE); at < end; at += VO_LINE) {
		p = vo_dma_page(at);
		if (p)
			vo_dma_flush(p, offset_in_page(at) / VO_LINE, to_device,
				     dir);
	}
}

/* Under the lock. Does the device own any of it? */
bool vo_dma_owns(phys_addr_t phys, size_t len)
{
	phys_addr_t at, end = phys + len;
	struct vo_dma_page *p;

	for (at = ALIGN_DOWN(phys, VO_LINE); at < end; at += VO_LINE) {
		p = vo_dma_page(at);
		if (p && p->device & BIT_ULL(offset_in_page(at) / VO_LINE))
			return true;
	}
	return false;
}

bool vo_is_device(struct page *page)
{
	bool owns;

	spin_lock(&vo_dma.lock);
	owns = vo_dma_owns(page_to_phys(page), PAGE_SIZE);
	spin_unlock(&vo_dma.lock);
	return owns;
}

/* As dma-iommu does: the first byte is looked up, and the rest goes on from there */
static phys_addr_t vo_dma_phys(dma_addr_t addr)
{
	unsigned long i = (addr - vo_dma.iova) >> PAGE_SHIFT;

	if (!vo_dma.nr_granules || addr < vo_dma.iova || i >= vo_dma.nr_granules)
		return addr - vo_dma.shift;
	return PFN_PHYS(vo_dma.granules[i]) + offset_in_page(addr);
}

static dma_addr_t vo_dma_begin(phys_addr_t phys, size_t len,
			       enum dma_data_direction dir, unsigned long attrs)
{
	dma_addr_t addr = phys + vo_dma.shift;

	spin_lock(&vo_dma.lock);
	if (vo_dma.fail_at && !--vo_dma.fail_at) {
		addr = DMA_MAPPING_ERROR;
	} else {
		vo_dma.live++;
		if (!(attrs & (DMA_ATTR_SKIP_CPU_SYNC | DMA_ATTR_MMIO))) {
			vo_dma.to_device++;
			vo_dma_pass(phys, len, true, dir);
		}
	}
	spin_unlock(&vo_dma.lock);
	return addr;
}

/* RAM that stands for a carve-out has pages, which that one may lack */
static bool vo_dma_is_told(phys_addr_t phys, unsigned long attrs)
{
	return !vo_dma.twice &&
	       !(attrs & DMA_ATTR_MMIO && pfn_valid(PHYS_PFN(phys)));
}

static void vo_dma_mark_odd(phys_addr_t phys, size_t len, dma_addr_t addr)
{
	if (vo_dma.iova && vo_dma.bounces && !PAGE_ALIGNED(phys | len) &&
	    !WARN_ON_ONCE(vo_dma.nr_odd == ARRAY_SIZE(vo_dma.odd)))
		vo_dma.odd[vo_dma.nr_odd++] = addr;
}

static dma_addr_t vo_dma_map(struct device *dev, phys_addr_t phys, size_t len,
			     enum dma_data_direction dir, unsigned long attrs)
{
	dma_addr_t addr = vo_dma_begin(phys, len, dir, attrs);

	vo_dma_mark_odd(phys, len, addr);
	if (vo_dma_is_told(phys, attrs))
		debug_dma_map_phys(dev, phys, len, dir, addr, attrs);
	return addr;
}

static void vo_dma_end(phys_addr_t phys, size_t len, enum dma_data_direction dir,
		       unsigned long attrs)
{
	spin_lock(&vo_dma.lock);
	vo_dma.live--;
	if (!(attrs & (DMA_ATTR_SKIP_CPU_SYNC | DMA_ATTR_MMIO))) {
		vo_dma.to_cpu++;
		vo_dma_pass(phys, len, false, dir);
	} else if (dir != DMA_TO_DEVICE) {
		vo_dma.lost += vo_dma_owns(phys, len);
	}
	spin_unlock(&vo_dma.lock);
}

static void vo_dma_unmap(struct device *dev, dma_addr_t addr, size_t len,
			 enum dma_data_direction dir, unsigned long attrs)
{
	vo_dma_end(vo_dma_phys(addr), len, dir, attrs);
	if (vo_dma_is_told(vo_dma_phys(addr), attrs))
		debug_dma_unmap_phys(dev, addr, len, dir, attrs);
}

static void vo_dma_to_cpu(dma_addr_t addr, size_t len,
			  enum dma_data_direction dir)
{
	spin_lock(&vo_dma.lock);
	vo_dma.to_cpu++;
	vo_dma.read_only += dir == DMA_TO_DEVICE;
	vo_dma_pass(vo_dma_phys(addr), len, false, dir);
	spin_unlock(&vo_dma.lock);
}

static void vo_dma_for_cpu(struct device *dev, dma_addr_t addr, size_t len,
			   enum dma_data_direction dir)
{
	vo_dma_to_cpu(addr, len, dir);
	if (!vo_dma.twice)
		debug_dma_sync_single_for_cpu(dev, addr, len, dir);
}

static void vo_dma_to_device(dma_addr_t addr, size_t len,
			     enum dma_data_direction dir)
{
	spin_lock(&vo_dma.lock);
	vo_dma.to_device++;
	vo_dma_pass(vo_dma_phys(addr), len, true, dir);
	spin_unlock(&vo_dma.lock);
}

static void vo_dma_for_device(struct device *dev, dma_addr_t addr, size_t len,
			      enum dma_data_direction dir)
{
	vo_dma_to_device(addr, len, dir);
	if (!vo_dma.twice)
		debug_dma_sync_single_for_device(dev, addr, len, dir);
}

/* Not all can tell by an address, and say yes, as in dma_need_sync() */
static bool __maybe_unused vo_dma_need_sync(struct device *dev, dma_addr_t addr)
{
	return vo_dma.iova || vo_dma.ops || vo_dma.bounces || !vo_dma.coherent;
}

/* Behind an IOMMU whole granules are not bounced; operations have pools of their own */
static bool __maybe_unused vo_find_pool(struct device *dev, phys_addr_t paddr)
{
	return vo_dma.bounces && !vo_dma.ops &&
	       (!vo_dma.iova || paddr == VO_POOL);
}

static struct iommu_domain * __maybe_unused vo_iommu_domain(struct device *dev)
{
	static char domain;

	return vo_dma.iova ? (void *)&domain : NULL;
}

static phys_addr_t __maybe_unused vo_iova_to_phys(struct iommu_domain *domain,
						  dma_addr_t addr)
{
	unsigned int i;

	for (i = 0; i < vo_dma.nr_odd; i++)
		if (vo_dma.odd[i] == addr)
			return VO_POOL;
	return vo_dma_phys(addr);
}

/* An IOMMU is told by some kernels this way. Nothing of it is called */
static const struct dma_map_ops * __maybe_unused vo_dma_ops(struct device *dev)
{
	static const struct dma_map_ops ops;

	return vo_dma.ops || vo_dma.iova ? &ops : NULL;
}

static size_t __maybe_unused vo_dma_max_size(struct device *dev)
{
	return vo_dma.bounces ? SZ_256K : SIZE_MAX;
}

static bool __maybe_unused vo_dma_is_coherent(struct device *dev)
{
	return vo_dma.coherent;
}

static int __maybe_unused vo_dma_alignment(void)
{
	return vo_dma.alignment ?: 1;
}

static unsigned int __maybe_unused vo_dma_max_seg_size(struct device *dev)
{
	return vo_dma.max_seg_size;
}

static bool __maybe_unused vo_swiotlb_active(struct device *dev)
{
	return vo_dma.bounces;
}

static unsigned long __maybe_unused vo_dma_seg_boundary(struct device *dev)
{
	return vo_dma.boundary ?: ULONG_MAX;
}

/* An IOMMU, of which a device that is coherent gets ranges of addresses */
static unsigned long __maybe_unused vo_dma_merge_boundary(struct device *dev)
{
	return vo_dma.iova ? PAGE_SIZE - 1 : 0;	/* a granule is a page */
}

/* As a kernel without DMA_NEED_SYNC, which asks of each address */
static bool __maybe_unused vo_dma_dev_need_sync(const struct device *dev)
{
	return true;
}

static bool __maybe_unused vo_use_iova(struct dma_iova_state *state)
{
	return state->addr;
}

static bool __maybe_unused vo_iova_alloc(struct device *dev,
					 struct dma_iova_state *state,
					 phys_addr_t phys, size_t size)
{
	if (!vo_dma.iova)
		return false;
	state->addr = vo_dma.iova + offset_in_page(phys);
	vo_dma.ranges++;
	return true;
}

static int __maybe_unused vo_iova_link(struct device *dev,
				       struct dma_iova_state *state,
				       phys_addr_t phys, size_t offset,
				       size_t size, enum dma_data_direction dir,
				       unsigned long attrs)
{
	if (vo_dma.fail_at && !--vo_dma.fail_at)
		return vo_dma.link_err ?: -ENOMEM;
	vo_dma.linked += size;
	return 0;
}

static int __maybe_unused vo_iova_sync(struct device *dev,
				       struct dma_iova_state *state,
				       size_t offset, size_t size)
{
	if (vo_dma.fail_at && !--vo_dma.fail_at)
		return -ENOMEM;
	return 0;
}

static void __maybe_unused vo_iova_destroy(struct device *dev,
					   struct dma_iova_state *state,
					   size_t len,
					   enum dma_data_direction dir,
					   unsigned long attrs)
{
	vo_dma.ranges--;
	vo_dma.linked -= len;
}

/* All that is scattered, as one segment */
static void vo_dma_merge(struct sg_table *sgt)
{
	struct scatterlist *sg;
	size_t len = 0;
	int i;

	vo_dma.nr_granules = 0;
	for_each_sgtable_sg(sgt, sg, i) {
		vo_dma.granules[vo_dma.nr_granules++] = page_to_pfn(sg_page(sg));
		len += sg->length;
	}
	sg_dma_address(sgt->sgl) = vo_dma.iova + sgt->sgl->offset;
	sg_dma_len(sgt->sgl) = len;
	sgt->nents = 1;
}

static int vo_dma_map_sgt(struct device *dev, struct sg_table *sgt,
			  enum dma_data_direction dir, unsigned long attrs)
{
	struct scatterlist *sg;
	int i;

	sgt->nents = sgt->orig_nents;
	vo_dma.calls += !(attrs & DMA_ATTR_SKIP_CPU_SYNC);
	vo_dma.nr_odd = 0;
	for_each_sgtable_sg(sgt, sg, i) {
		sg_dma_address(sg) = vo_dma_begin(sg_phys(sg), sg->length, dir,
						  attrs);
		if (sg_dma_address(sg) == DMA_MAPPING_ERROR)
			break;
		vo_dma_mark_odd(sg_phys(sg), sg->length, sg_dma_address(sg));
		sg_dma_len(sg) = sg->length;
		vo_dma.longest = max(vo_dma.longest, sg->length);
	}
	if (i < sgt->orig_nents) {
		vo_dma.live -= i;
		return -EINVAL;	/* as dma-iommu, whatever it was */
	}
	/* What may be bounced is not joined */
	if (vo_dma.iova && !vo_dma.bounces)
		vo_dma_merge(sgt);
	if (!vo_dma.twice)
		debug_dma_map_sg(dev, sgt->sgl, sgt->orig_nents, sgt->nents, dir,
				 attrs);
	return 0;
}

static void vo_dma_unmap_sgt(struct device *dev, struct sg_table *sgt,
			     enum dma_data_direction dir, unsigned long attrs)
{
	struct scatterlist *sg;
	int i;

	vo_dma.calls += !(attrs & DMA_ATTR_SKIP_CPU_SYNC);
	if (!vo_dma.twice)
		debug_dma_unmap_sg(dev, sgt->sgl, sgt->orig_nents, dir, attrs);
	for_each_sgtable_sg(sgt, sg, i)
		vo_dma_end(sg_phys(sg), sg->length, dir, attrs);
}

static void vo_dma_sgt_for_cpu(struct device *dev, struct sg_table *sgt,
			       enum dma_data_direction dir)
{
	struct scatterlist *sg;
	int i;

	vo_dma.calls++;
	for_each_sgtable_sg(sgt, sg, i)
		vo_dma_to_cpu(sg_phys(sg) + vo_dma.shift, sg->length, dir);
	if (!vo_dma.twice)
		debug_dma_sync_sg_for_cpu(dev, sgt->sgl, sgt->orig_nents, dir);
}

static void vo_dma_sgt_for_device(struct device *dev, struct sg_table *sgt,
				  enum dma_data_direction dir)
{
	struct scatterlist *sg;
	int i;

	vo_dma.calls++;
	for_each_sgtable_sg(sgt, sg, i)
		vo_dma_to_device(sg_phys(sg) + vo_dma.shift, sg->length, dir);
	if (!vo_dma.twice)
		debug_dma_sync_sg_for_device(dev, sgt->sgl, sgt->orig_nents, dir);
}

/* Where caches are indexed by addresses, which no machine is that runs this */
static void __maybe_unused vo_flush_vmap(void *vaddr, int size)
{
	vo_dma.flushed += size;
	vo_dma.flushed_after = vo_dma.calls;
}

static void __maybe_unused vo_invalidate_vmap(void *vaddr, int size)
{
	vo_dma.invalidated += size;
	vo_dma.invalidated_after = vo_dma.calls;
}

const struct vma_owner_mock_dma vo_dma_shadow = {
	.map		= vo_dma_map_sgt,
	.unmap		= vo_dma_unmap_sgt,
	.for_cpu	= vo_dma_sgt_for_cpu,
	.for_device	= vo_dma_sgt_for_device,
};

#define dma_buf_sync_init		vo_sync_init
#define dma_buf_sync_add		vo_sync_add
#define dma_buf_sync_del		vo_sync_del
#define dma_buf_sync_for_cpu		vo_sync_for_cpu
#define dma_buf_sync_for_device		vo_sync_for_device
#define vma_pin_may_lock_any		vo_may_lock_any
#define vma_pin_lock			vo_pin_lock
#define vma_pin_unlock			vo_pin_unlock
#define vma_pin_attach			vo_attach
#define vma_pin_map_dma			vo_map_dma_locked
#define vma_pin_dma_table		vo_dma_table
#define vma_pin_resv			vo_resv
#define vma_pin_unmap_dma		vo_unmap_dma_locked
#define vma_pin_vmap			vo_vmap_locked
#define vma_pin_vaddr			vo_vaddr
#define vma_pin_vunmap			vo_vunmap_locked
#define vma_pin_get_extents		vo_get_extents_locked
#define vma_pin_put_extents		vo_put_extents_locked
#define vma_pin_map_dma_unlocked	vo_map_dma
#define vma_pin_unmap_dma_unlocked	vo_unmap_dma
#define vma_pin_vmap_unlocked		vo_vmap_pin
#define vma_pin_vunmap_unlocked		vo_vunmap_pin
#define vma_pin_sync_for_device_locked	vo_for_device_locked
#define vma_pin_sync_for_cpu_locked	vo_for_cpu_locked
#define vma_pin_sync_for_device		vo_for_device
#define vma_pin_sync_for_cpu		vo_for_cpu
#define dma_map_sgtable			vo_dma_map_sgt
#define dma_unmap_sgtable		vo_dma_unmap_sgt
#define dma_sync_sgtable_for_cpu	vo_dma_sgt_for_cpu
#define dma_sync_sgtable_for_device	vo_dma_sgt_for_device
#define dma_map_phys			vo_dma_map
#define dma_unmap_phys			vo_dma_unmap
#define dma_sync_single_for_cpu		vo_dma_for_cpu
#define dma_sync_single_for_device	vo_dma_for_device
#define dma_need_sync			vo_dma_need_sync
#define dev_is_dma_coherent		vo_dma_is_coherent
#undef dma_get_cache_alignment
#define dma_get_cache_alignment		vo_dma_alignment
#define dma_get_max_seg_size		vo_dma_max_seg_size
#define dma_get_seg_boundary		vo_dma_seg_boundary
#define dma_get_merge_boundary		vo_dma_merge_boundary
#define dma_max_mapping_size		vo_dma_max_size
#define swiotlb_find_pool		vo_find_pool
#define is_swiotlb_active		vo_swiotlb_active
#define iommu_get_domain_for_dev	vo_iommu_domain
#define iommu_iova_to_phys		vo_iova_to_phys
#define get_dma_ops			vo_dma_ops
#define dma_dev_need_sync		vo_dma_dev_need_sync
#define flush_kernel_vmap_range		vo_flush_vmap
#define invalidate_kernel_vmap_range	vo_invalidate_vmap
#define dma_use_iova			vo_use_iova
#define dma_iova_try_alloc		vo_iova_alloc
#define dma_iova_link			vo_iova_link
#define dma_iova_sync			vo_iova_sync
#define dma_iova_destroy		vo_iova_destroy
#undef EXPORT_SYMBOL_GPL
#define EXPORT_SYMBOL_GPL(sym)
#undef EXPORT_SYMBOL_FOR_MODULES
#define EXPORT_SYMBOL_FOR_MODULES(sym, modules)
#undef subsys_initcall
#define subsys_initcall(fn) \
	static initcall_t fn##_again __initdata __maybe_unused = fn

#include "../../drivers/dma-buf/dma-buf-sync.c"
#include "../../drivers/dma-buf/vma-pin.c"

void vo_dma_start(void)
{
	memset(&vo_dma, 0, sizeof(vo_dma));
	spin_lock_init(&vo_dma.lock);
	vo_dma.max_seg_size = SZ_64K;
	dma_resv_init(&vma_pin_any_resv);
}

/* Watch a page from now on, for as long as the case runs */
void vo_dma_watch(struct kunit *test, struct page *page)
{
	struct vo_dma_page *p = vo_dma_page(0);

	KUNIT_ASSERT_NOT_NULL(test, p);
	p->ram = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	p->seen = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, p->ram);
	KUNIT_ASSERT_NOT_NULL(test, p->seen);
	memcpy(p->ram, page_address(page), PAGE_SIZE);
	memcpy(p->seen, page_address(page), PAGE_SIZE);
	p->pfn = page_to_pfn(page);
}

void vo_dma_watch_all(struct kunit *test, struct page **pages)
{
	int i;

	for (i = 0; i < VO_PAGES; i++)
		vo_dma_watch(test, pages[i]);
}

/* The device writes, the device reads, and so does the CPU: @len bytes of @pages */
void vo_dev_write(struct page **pages, size_t off, size_t len, u8 v)
{
	for (; len; len--, off++)
		vo_dma_page(page_to_phys(pages[off >> PAGE_SHIFT]))
			->ram[offset_in_page(off)] = v;
}

bool vo_dev_reads(struct page **pages, size_t off, size_t len, u8 v)
{
	for (; len; len--, off++)
		if (vo_dma_page(page_to_phys(pages[off >> PAGE_SHIFT]))
			    ->ram[offset_in_page(off)] != v)
			return false;
	return true;
}

void vo_cpu_write(struct page **pages, size_t off, size_t len, u8 v)
{
	for (; len; len--, off++)
		((u8 *)page_address(pages[off >> PAGE_SHIFT]))
			[offset_in_page(off)] = v;
}

bool vo_cpu_reads(struct page **pages, size_t off, size_t len, u8 v)
{
	for (; len; len--, off++)
		if (((u8 *)page_address(pages[off >> PAGE_SHIFT]))
			    [offset_in_page(off)] != v)
			return false;
	return true;
}
