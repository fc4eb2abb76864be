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
 * that was never handed over to it. What a device only reads the CPU may touch
 * all the same; what it writes is its own then, and has to be handed over anew.
 *
 * A second device, of vom_dma_attach_second(), sees the same RAM, but each line
 * has to be handed over to each of them.
 *
 * All between the driver and these operations is what a real device has, and
 * DMA_API_DEBUG sees it. That knows which calls do not fit each other: what was
 * never mapped, or not so much of it, or in another direction, or by another
 * function; whose mapping nobody looked at; segments that are too long. It does
 * not know who has touched the memory. So it says nothing of a call that is
 * missing, comes too late or in the place of its opposite, nor of one in another
 * direction if the mapping is for both: that is seen here.
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

#define VOM_DEVICES	2
#define VOM_CPU		VOM_DEVICES	/* beside them */

#define VOM_LINES	64	/* of a page */
#define VOM_LINE	(PAGE_SIZE / VOM_LINES)

/*
 * @ram is what the device sees, @seen what of it the CPU has in its cache: what
 * differs from that is dirty and written back when it is handed over.
 */
struct vom_dma_page {
	unsigned long	pfn;
	u64		device[VOM_DEVICES];	/* lines that each one owns */
	u8		ram[PAGE_SIZE];
	u8		seen[PAGE_SIZE];
};

/* Of the one test that runs */
static struct {
	spinlock_t		lock;	/* of all this */
	struct vom_dma_page	*pages;
	unsigned int		nr;
	int			live;	/* mappings */
	unsigned int		passes;	/* from one to another */
	unsigned int		calls;	/* that maintain caches, each of a whole table */
	struct device		*second;
	bool			reads[VOM_DEVICES];	/* and does not write */
	bool			drops;	/* dirty lines that a device will write */
	dma_addr_t		window;	/* what is added to addresses */
	unsigned long		granule; /* of the IOMMU, or 0 without one */
	bool			slots;	/* each mapping has an address of its own */
	size_t			max_size;	/* of a mapping, where there are bounce buffers */
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

static inline unsigned int vom_dma_nth(struct device *dev)
{
	return dev == vom_dma.second;
}

/* A line changes hands */
static inline void vom_dma_pass_line(struct vom_dma_page *p, phys_addr_t phys,
				     unsigned int nth, bool to_device,
				     enum dma_data_direction dir)
{
	size_t at = ALIGN_DOWN(offset_in_page(phys), VOM_LINE);
	u8 *cpu = page_address(pfn_to_page(p->pfn)) + at;

	if (to_device && (dir != DMA_FROM_DEVICE || !vom_dma.drops) &&
	    memcmp(cpu, p->seen + at, VOM_LINE))
		memcpy(p->ram + at, cpu, VOM_LINE);
	if (!to_device && dir != DMA_TO_DEVICE)
		memcpy(cpu, p->ram + at, VOM_LINE);
	memcpy(p->seen + at, cpu, VOM_LINE);
	if (to_device)
		p->device[nth] |= vom_dma_line(phys);
	else
		p->device[nth] &= ~vom_dma_line(phys);
}

static inline void vom_dma_turn(struct device *dev, phys_addr_t phys, size_t len,
				bool to_device, enum dma_data_direction dir)
{
	phys_addr_t at, end = phys + len;
	struct vom_dma_page *p;

	spin_lock(&vom_dma.lock);
	for (at = ALIGN_DOWN(phys, VOM_LINE); at < end; at += VOM_LINE) {
		p = vom_dma_page(at);
		if (p)
			vom_dma_pass_line(p, at, vom_dma_nth(dev), to_device,
					  dir);
	}
	spin_unlock(&vom_dma.lock);
}

/* A sync, of whatever kind */
static inline void vom_dma_pass(struct device *dev, phys_addr_t phys, size_t len,
				bool to_device, enum dma_data_direction dir)
{
	vom_dma_turn(dev, phys, len, to_device, dir);
	spin_lock(&vom_dma.lock);
	vom_dma.passes++;
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

/* A call of the DMA API, which may maintain caches */
static inline void vom_dma_call(bool maintains)
{
	spin_lock(&vom_dma.lock);
	vom_dma.calls += maintains;
	spin_unlock(&vom_dma.lock);
}

#define VOM_WINDOW	(DMA_MAPPING_ERROR / 8 + 1)

static inline dma_addr_t vom_dma_map_piece(struct device *dev, phys_addr_t phys,
					   size_t len,
					   enum dma_data_direction dir,
					   unsigned long attrs)
{
	vom_dma_count(1);
	vom_dma.reads[vom_dma_nth(dev)] = dir == DMA_TO_DEVICE;
	if (vom_dma_syncs(attrs))
		vom_dma_pass(dev, phys, len, true, dir);
	if (vom_dma.slots)
		vom_dma.window += VOM_WINDOW;
	return phys + vom_dma.window;
}

static inline dma_addr_t vom_dma_map(struct device *dev, phys_addr_t phys,
				     size_t len, enum dma_data_direction dir,
				     unsigned long attrs)
{
	vom_dma_call(vom_dma_syncs(attrs));
	return vom_dma_map_piece(dev, phys, len, dir, attrs);
}

/*
 * What is mapped from now on is mapped already: behind an IOMMU it has another
 * address. At one and the same DMA_API_DEBUG takes them for one another.
 */
static inline void vom_dma_map_once_more(void)
{
	vom_dma.window += VOM_WINDOW;
}

/* Where it is, whatever its window */
static inline phys_addr_t vom_dma_phys(dma_addr_t addr)
{
	return vom_dma.window ? addr & (VOM_WINDOW - 1) : addr;
}

static inline void vom_dma_unmap_piece(struct device *dev, dma_addr_t addr,
				       size_t len, enum dma_data_direction dir,
				       unsigned long attrs)
{
	vom_dma_count(-1);
	if (vom_dma_syncs(attrs))
		vom_dma_pass(dev, vom_dma_phys(addr), len, false, dir);
	else if (dir == DMA_TO_DEVICE)
		/* What the device only reads it leaves as it was */
		vom_dma_turn(dev, vom_dma_phys(addr), len, false, dir);
}

static inline void vom_dma_unmap(struct device *dev, dma_addr_t addr, size_t len,
				 enum dma_data_direction dir, unsigned long attrs)
{
	vom_dma_call(vom_dma_syncs(attrs));
	vom_dma_unmap_piece(dev, addr, len, dir, attrs);
}

static inline int vom_dma_map_sg(struct device *dev, struct scatterlist *sgl,
				 int nents, enum dma_data_direction dir,
				 unsigned long attrs)
{
	struct scatterlist *sg;
	int i;

	vom_dma_call(vom_dma_syncs(attrs));
	for_each_sg(sgl, sg, nents, i) {
		sg_dma_address(sg) = vom_dma_map_piece(dev, sg_phys(sg),
						       sg->length, dir, attrs);
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

	vom_dma_call(vom_dma_syncs(attrs));
	for_each_sg(sgl, sg, nents, i)
		vom_dma_unmap_piece(dev, sg_phys(sg), sg->length, dir, attrs);
}

static inline void vom_dma_for_cpu(struct device *dev, dma_addr_t addr,
				   size_t len, enum dma_data_direction dir)
{
	vom_dma_call(true);
	vom_dma_pass(dev, vom_dma_phys(addr), len, false, dir);
}

static inline void vom_dma_for_device(struct device *dev, dma_addr_t addr,
				      size_t len, enum dma_data_direction dir)
{
	vom_dma_call(true);
	vom_dma_pass(dev, vom_dma_phys(addr), len, true, dir);
}

static inline void vom_dma_sg_for_cpu(struct device *dev, struct scatterlist *sgl,
				      int nents, enum dma_data_direction dir)
{
	struct scatterlist *sg;
	int i;

	vom_dma_call(true);
	for_each_sg(sgl, sg, nents, i)
		vom_dma_pass(dev, sg_phys(sg), sg->length, false, dir);
}

static inline void vom_dma_sg_for_device(struct device *dev,
					 struct scatterlist *sgl, int nents,
					 enum dma_data_direction dir)
{
	struct scatterlist *sg;
	int i;

	vom_dma_call(true);
	for_each_sg(sgl, sg, nents, i)
		vom_dma_pass(dev, sg_phys(sg), sg->length, true, dir);
}

/* Not one that bounces, which would be refused a part of a dma-buf, if not said so */
static inline unsigned long vom_dma_merge_boundary(struct device *dev)
{
	return vom_dma.granule ? vom_dma.granule - 1 : 0;
}

/* Nor one that is trusted, which on a coherent machine needs no syncs there */
static inline size_t vom_dma_max_size(struct device *dev)
{
	return vom_dma.max_size;
}

static inline void vom_dma_set_ops(struct device *dev)
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

	set_dma_ops(dev, &ops);
}

/*
 * Let @dev be of this kind, if the kernel has DMA operations at all: without, it
 * stays as it is. As behind an IOMMU that maps one to one.
 */
static inline void vom_dma_attach(struct device *dev)
{
	vom_dma.live = 0;
	vom_dma.window = 0;
	vom_dma.drops = false;
	vom_dma.granule = PAGE_SIZE;
	vom_dma.slots = false;
	vom_dma.max_size = SZ_1M;
	vom_dma.second = NULL;
	vom_dma_set_ops(dev);
}

static inline void vom_dma_attach_second(struct device *dev)
{
	vom_dma.second = dev;
	vom_dma_set_ops(dev);
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
		memset(vom_dma.pages[i].device, 0,
		       sizeof(vom_dma.pages[i].device));
	spin_unlock(&vom_dma.lock);
}

/* Skips the test if there can be no such device */
static inline void vom_dma_need(struct kunit *test)
{
	if (!VOM_HAS_DMA_OPS)
		kunit_skip(test, "needs CONFIG_ARCH_HAS_DMA_OPS");
}

/* See to these, of which the CPU has everything. Skips the test if that cannot be */
static inline void vom_dma_watch_pages(struct kunit *test, struct page **of)
{
	struct vom_dma_page *pages;
	unsigned int i;

	vom_dma_need(test);
	KUNIT_ASSERT_EQ(test, vom_dma.nr, 0);
	pages = kunit_kzalloc(test, VOM_PAGES * sizeof(*pages), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pages);
	for (i = 0; i < VOM_PAGES; i++) {
		pages[i].pfn = page_to_pfn(of[i]);
		memcpy(pages[i].ram, page_address(of[i]), PAGE_SIZE);
		memcpy(pages[i].seen, pages[i].ram, PAGE_SIZE);
	}
	spin_lock(&vom_dma.lock);
	vom_dma.pages = pages;
	vom_dma.nr = VOM_PAGES;
	spin_unlock(&vom_dma.lock);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, vom_dma_forget,
							   NULL));
}

/* See to @m, likewise */
static inline void vom_dma_watch(struct vma_owner_mock *m)
{
	m->mapped = vom_dma_take;
	vom_dma_watch_pages(m->test, m->pages);
}

/* The lines of @p that the CPU must not touch */
static inline u64 vom_dma_written(const struct vom_dma_page *p)
{
	u64 lines = 0;
	int i;

	for (i = 0; i < VOM_DEVICES; i++)
		if (!vom_dma.reads[i])
			lines |= p->device[i];
	return lines;
}

/* Does a device have the line, or may the CPU touch it? */
static inline bool vom_dma_has(phys_addr_t phys, unsigned int who)
{
	struct vom_dma_page *p = vom_dma_page(phys);

	if (!p)
		return false;
	if (who == VOM_CPU)
		return !(vom_dma_written(p) & vom_dma_line(phys));
	return p->device[who] & vom_dma_line(phys);
}

static inline void vom_dma_store(phys_addr_t phys, unsigned int who, u8 value)
{
	struct vom_dma_page *p = vom_dma_page(phys);
	int i;

	if (who != VOM_CPU) {
		p->ram[offset_in_page(phys)] = value;
		return;
	}
	*(u8 *)phys_to_virt(phys) = value;
	for (i = 0; i < VOM_DEVICES; i++)
		p->device[i] &= ~vom_dma_line(phys);
}

/* So many bytes of @len from @phys belong to another one, or differ from @value */
static inline size_t vom_dma_access(phys_addr_t phys, size_t len,
				    unsigned int who, u8 value, bool write)
{
	size_t i, bad = 0;
	u8 *at;

	spin_lock(&vom_dma.lock);
	for (i = 0; i < len; i++, phys++) {
		if (!vom_dma_has(phys, who)) {
			bad++;
			continue;
		}
		if (write)
			vom_dma_store(phys, who, value);
		at = who == VOM_CPU ? phys_to_virt(phys) :
			vom_dma_page(phys)->ram + offset_in_page(phys);
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
		bad += vom_dma_access(vma_owner_mock_phys(m, offset), n, VOM_CPU,
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
	KUNIT_EXPECT_EQ(test, vom_dma_access(vom_dma_phys(addr), len, 0,
					     value, true), 0);
}

/* The device has the memory, and finds @value in all of it */
static inline void vom_device_expect(struct kunit *test, dma_addr_t addr,
				     size_t len, u8 value)
{
	KUNIT_EXPECT_EQ(test, vom_dma_access(vom_dma_phys(addr), len, 0,
					     value, false), 0);
}

/* Is nothing mapped any more? */
static inline bool vom_dma_is_idle(void)
{
	return !vom_dma.live;
}

#endif
