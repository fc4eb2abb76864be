/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A device that is not coherent, for KUnit tests of drivers that pin memory by
 * user address.
 *
 * It sees what is in RAM, and the CPU what is in its cache: a line goes from one
 * to the other only when the DMA API is told so. Give a device of the test the DMA
 * operations by vom_dma_attach(), before its mask is set, and watch the memory of
 * a mock owner by vom_dma_watch(). Then vom_cpu_write() and vom_cpu_expect() stand
 * for user space, vom_device_write() and vom_device_expect() for the device. The
 * test fails when the CPU touches a line that is the device's, or the device one
 * that was never handed over to it.
 *
 * All between the driver and these operations is what a real device has.
 */
#ifndef _KUNIT_VMA_OWNER_DMA_H
#define _KUNIT_VMA_OWNER_DMA_H

#include <kunit/vma_owner.h>
#include <linux/dma-map-ops.h>
#include <linux/io.h>
#include <linux/scatterlist.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#ifdef CONFIG_ARCH_HAS_DMA_OPS
#define VOM_HAS_DMA_OPS	true
#else
#define VOM_HAS_DMA_OPS	false
#endif

#define VOM_LINES	64	/* of a page */
#define VOM_LINE	(PAGE_SIZE / VOM_LINES)

/*
 * @ram is what the device sees, @seen what of it the CPU has in its cache: what
 * differs from that is dirty and written back when it is handed over.
 */
struct vom_dma_page {
	unsigned long	pfn;
	u64		device;		/* lines that the device owns */
	u8		ram[PAGE_SIZE];
	u8		seen[PAGE_SIZE];
};

/* Of the one test that runs */
static struct {
	spinlock_t		lock;	/* of all this */
	struct vom_dma_page	*pages;
	unsigned int		nr;
	int			live;	/* mappings */
} vom_dma = { .lock = __SPIN_LOCK_UNLOCKED(vom_dma.lock) };

static inline struct vom_dma_page *vom_dma_page(phys_addr_t phys)
{
	unsigned int i;

	for (i = 0; i < vom_dma.nr; i++)
		if (vom_dma.pages[i].pfn == PHYS_PFN(phys))
			return &vom_dma.pages[i];
	return NULL;
}

static inline u64 vom_dma_line(phys_addr_t phys)
{
	return BIT_ULL(offset_in_page(phys) / VOM_LINE);
}

/* A line changes hands */
static inline void vom_dma_pass_line(struct vom_dma_page *p, phys_addr_t phys,
				     bool to_device, enum dma_data_direction dir)
{
	size_t at = ALIGN_DOWN(offset_in_page(phys), VOM_LINE);
	u8 *cpu = page_address(pfn_to_page(p->pfn)) + at;

	if (to_device && memcmp(cpu, p->seen + at, VOM_LINE))
		memcpy(p->ram + at, cpu, VOM_LINE);
	if (!to_device && dir != DMA_TO_DEVICE)
		memcpy(cpu, p->ram + at, VOM_LINE);
	memcpy(p->seen + at, cpu, VOM_LINE);
	if (to_device)
		p->device |= vom_dma_line(phys);
	else
		p->device &= ~vom_dma_line(phys);
}

static inline void vom_dma_pass(dma_addr_t addr, size_t len, bool to_device,
				enum dma_data_direction dir)
{
	phys_addr_t at, end = addr + len;
	struct vom_dma_page *p;

	spin_lock(&vom_dma.lock);
	for (at = ALIGN_DOWN(addr, VOM_LINE); at < end; at += VOM_LINE) {
		p = vom_dma_page(at);
		if (p)
			vom_dma_pass_line(p, at, to_device, dir);
	}
	spin_unlock(&vom_dma.lock);
}

static inline void vom_dma_count(int n)
{
	spin_lock(&vom_dma.lock);
	vom_dma.live += n;
	spin_unlock(&vom_dma.lock);
}

static inline bool vom_dma_syncs(unsigned long attrs)
{
	return !(attrs & (DMA_ATTR_SKIP_CPU_SYNC | DMA_ATTR_MMIO));
}

static inline dma_addr_t vom_dma_map(struct device *dev, phys_addr_t phys,
				     size_t len, enum dma_data_direction dir,
				     unsigned long attrs)
{
	vom_dma_count(1);
	if (vom_dma_syncs(attrs))
		vom_dma_pass(phys, len, true, dir);
	return phys;
}

static inline void vom_dma_unmap(struct device *dev, dma_addr_t addr, size_t len,
				 enum dma_data_direction dir, unsigned long attrs)
{
	vom_dma_count(-1);
	/* What the device only reads it leaves as it was */
	if (vom_dma_syncs(attrs) || dir == DMA_TO_DEVICE)
		vom_dma_pass(addr, len, false, dir);
}

static inline int vom_dma_map_sg(struct device *dev, struct scatterlist *sgl,
				 int nents, enum dma_data_direction dir,
				 unsigned long attrs)
{
	struct scatterlist *sg;
	int i;

	for_each_sg(sgl, sg, nents, i) {
		sg_dma_address(sg) = vom_dma_map(dev, sg_phys(sg), sg->length,
						 dir, attrs);
		sg_dma_len(sg) = sg->length;
	}
	return nents;
}

static inline void vom_dma_unmap_sg(struct device *dev, struct scatterlist *sgl,
				    int nents, enum dma_data_direction dir,
				    unsigned long attrs)
{
	struct scatterlist *sg;
	int i;

	for_each_sg(sgl, sg, nents, i)
		vom_dma_unmap(dev, sg_phys(sg), sg->length, dir, attrs);
}

static inline void vom_dma_for_cpu(struct device *dev, dma_addr_t addr,
				   size_t len, enum dma_data_direction dir)
{
	vom_dma_pass(addr, len, false, dir);
}

static inline void vom_dma_for_device(struct device *dev, dma_addr_t addr,
				      size_t len, enum dma_data_direction dir)
{
	vom_dma_pass(addr, len, true, dir);
}

static inline void vom_dma_sg_for_cpu(struct device *dev, struct scatterlist *sgl,
				      int nents, enum dma_data_direction dir)
{
	struct scatterlist *sg;
	int i;

	for_each_sg(sgl, sg, nents, i)
		vom_dma_pass(sg_phys(sg), sg->length, false, dir);
}

static inline void vom_dma_sg_for_device(struct device *dev,
					 struct scatterlist *sgl, int nents,
					 enum dma_data_direction dir)
{
	struct scatterlist *sg;
	int i;

	for_each_sg(sgl, sg, nents, i)
		vom_dma_pass(sg_phys(sg), sg->length, true, dir);
}

/* Not one that bounces, which would be refused a part of a dma-buf */
static inline unsigned long vom_dma_merge_boundary(struct device *dev)
{
	return PAGE_SIZE - 1;
}

/* Nor one that is trusted, which on a coherent machine needs no syncs there */
static inline size_t vom_dma_max_size(struct device *dev)
{
	return SZ_1M;
}

/*
 * Let @dev be of this kind, if the kernel has DMA operations at all: without, it
 * stays as it is. As behind an IOMMU that maps one to one.
 */
static inline void vom_dma_attach(struct device *dev)
{
	static const struct dma_map_ops ops = {
		.map_phys		= vom_dma_map,
		.unmap_phys		= vom_dma_unmap,
		.map_sg			= vom_dma_map_sg,
		.unmap_sg		= vom_dma_unmap_sg,
		.sync_single_for_cpu	= vom_dma_for_cpu,
		.sync_single_for_device	= vom_dma_for_device,
		.sync_sg_for_cpu	= vom_dma_sg_for_cpu,
		.sync_sg_for_device	= vom_dma_sg_for_device,
		.get_merge_boundary	= vom_dma_merge_boundary,
		.max_mapping_size	= vom_dma_max_size,
	};

	vom_dma.live = 0;
	set_dma_ops(dev, &ops);
}

static inline void vom_dma_forget(void *unused)
{
	spin_lock(&vom_dma.lock);
	vom_dma.nr = 0;
	spin_unlock(&vom_dma.lock);
}

/* As the exporter of a dma-buf has mapped it, which says nothing to its importer */
static inline void vom_dma_take(struct vma_owner_mock *m)
{
	unsigned int i;

	spin_lock(&vom_dma.lock);
	for (i = 0; i < vom_dma.nr; i++)
		vom_dma.pages[i].device = 0;
	spin_unlock(&vom_dma.lock);
}

/* See to @m, of which the CPU has everything. Skips the test if that cannot be */
static inline void vom_dma_watch(struct vma_owner_mock *m)
{
	struct vom_dma_page *pages;
	unsigned int i;

	if (!VOM_HAS_DMA_OPS)
		kunit_skip(m->test, "needs CONFIG_ARCH_HAS_DMA_OPS");
	KUNIT_ASSERT_EQ(m->test, vom_dma.nr, 0);
	pages = kunit_kzalloc(m->test, VOM_PAGES * sizeof(*pages), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(m->test, pages);
	for (i = 0; i < VOM_PAGES; i++) {
		pages[i].pfn = page_to_pfn(m->pages[i]);
		memcpy(pages[i].ram, page_address(m->pages[i]), PAGE_SIZE);
		memcpy(pages[i].seen, pages[i].ram, PAGE_SIZE);
	}
	m->mapped = vom_dma_take;
	spin_lock(&vom_dma.lock);
	vom_dma.pages = pages;
	vom_dma.nr = VOM_PAGES;
	spin_unlock(&vom_dma.lock);
	KUNIT_ASSERT_EQ(m->test, 0, kunit_add_action_or_reset(m->test,
							      vom_dma_forget,
							      NULL));
}

/* Is the line the device's, or is it the CPU's? */
static inline bool vom_dma_is(phys_addr_t phys, bool device)
{
	struct vom_dma_page *p = vom_dma_page(phys);

	return p && device == !!(p->device & vom_dma_line(phys));
}

/* So many bytes of @len from @phys belong to the other one, or differ from @value */
static inline size_t vom_dma_access(phys_addr_t phys, size_t len, bool device,
				    int value, bool write)
{
	size_t i, bad = 0;
	u8 *at;

	spin_lock(&vom_dma.lock);
	for (i = 0; i < len; i++, phys++) {
		if (!vom_dma_is(phys, device)) {
			bad++;
			continue;
		}
		at = device ? vom_dma_page(phys)->ram + offset_in_page(phys) :
			      phys_to_virt(phys);
		if (write)
			*at = value;
		bad += *at != value;
	}
	spin_unlock(&vom_dma.lock);
	return bad;
}

static inline size_t vom_cpu_access(struct vma_owner_mock *m,
				    unsigned long offset, size_t len, u8 value,
				    bool write)
{
	size_t n, bad = 0;

	for (; len; len -= n, offset += n) {
		n = min_t(size_t, len, PAGE_SIZE - offset_in_page(offset));
		bad += vom_dma_access(vma_owner_mock_phys(m, offset), n, false,
				      value, write);
	}
	return bad;
}

/* User space writes to the memory of @m, which it has */
static inline void vom_cpu_write(struct vma_owner_mock *m, unsigned long offset,
				 size_t len, u8 value)
{
	KUNIT_EXPECT_EQ(m->test, vom_cpu_access(m, offset, len, value, true), 0);
}

/* User space has the memory, and finds @value in all of it */
static inline void vom_cpu_expect(struct vma_owner_mock *m, unsigned long offset,
				  size_t len, u8 value)
{
	KUNIT_EXPECT_EQ(m->test, vom_cpu_access(m, offset, len, value, false), 0);
}

/* The device writes where it was told to, to memory that it has */
static inline void vom_device_write(struct kunit *test, dma_addr_t addr,
				    size_t len, u8 value)
{
	KUNIT_EXPECT_EQ(test, vom_dma_access(addr, len, true, value, true), 0);
}

/* The device has the memory, and finds @value in all of it */
static inline void vom_device_expect(struct kunit *test, dma_addr_t addr,
				     size_t len, u8 value)
{
	KUNIT_EXPECT_EQ(test, vom_dma_access(addr, len, true, value, false), 0);
}

/* Is nothing mapped any more? */
static inline bool vom_dma_is_idle(void)
{
	return !vom_dma.live;
}

#endif
