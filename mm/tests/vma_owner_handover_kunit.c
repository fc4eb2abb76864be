// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests for VMA owners: hand-over, byte by byte.
 *
 * On top of the DMA API of vma_owner_shadow.c.
 */
#include "vma_owner_shadow.h"

enum vo_memory {
	VO_ORDINARY, VO_RAM, VO_RAM_FIXED, VO_DMABUF, VO_PART, VO_UNCACHED,
};

static const struct vo_param vo_memories[] = {
	{ "ordinary", VO_ORDINARY }, { "RAM", VO_RAM },
	{ "RAM_FIXED", VO_RAM_FIXED }, { "dma-buf", VO_DMABUF },
	{ "part of a dma-buf", VO_PART }, { "uncached dma-buf", VO_UNCACHED },
};

KUNIT_ARRAY_PARAM_DESC(vo_memory, vo_memories, name);

/* Pinned memory of some kind: @len bytes from @off of @pages */
struct vo_mem {
	struct vma_owner_mock	*obj;
	struct vo_imp	*imp;
	struct page	**pages;
	size_t		off;
	size_t		len;
	bool		synced;
};

static void vo_mem(struct kunit *test, struct vo_mem *m)
{
	const struct vo_param *t = test->param_value;
	struct vo *vo = test->priv;
	unsigned long addr;

	m->synced = t->value != VO_RAM_FIXED && t->value != VO_UNCACHED;
	m->obj = t->value >= VO_DMABUF ? vo_obj_dmabuf(vo) : vo_obj(vo);
	m->obj->dma = &vo_dma_shadow;
	m->imp = vo_imp_dev(vo, VO_STATIC);
	vo_dma_start();
	if (t->value == VO_RAM_FIXED)
		m->obj->type = VMA_OWNER_RAM_FIXED;
	if (t->value == VO_UNCACHED)
		m->obj->sync = VMA_OWNER_SYNC_NEVER;
	m->off = t->value == VO_ORDINARY ? 0 : PAGE_SIZE;
	m->len = t->value == VO_PART ? 2 * VO_LINE : PAGE_SIZE;
	addr = t->value == VO_ORDINARY ? vo_anon(vo, 1) : vo_map(m->obj);
	KUNIT_ASSERT_EQ(test, 0, vo_pin(m->imp, addr + m->off, m->len));
	m->pages = t->value == VO_ORDINARY ? m->imp->pin.pages : m->obj->pages;
	if (t->value == VO_ORDINARY)
		vo_dma_watch(test, m->pages[0]);
	else
		vo_dma_watch_all(test, m->pages);
}

static void vo_mem_map(struct vo_mem *m, enum dma_data_direction dir)
{
	KUNIT_ASSERT_FALSE(m->imp->vo->test,
			   IS_ERR(vo_map_dma(&m->imp->pin, m->imp->dev, dir)));
}

/* Only pages and a table of the exporter's are handed over as they are mapped */
static void vo_mem_end(struct vo_mem *m)
{
	struct kunit *test = m->imp->vo->test;

	vma_unpin(&m->imp->pin);
	KUNIT_EXPECT_EQ(test, vo_dma.live, 0);
	KUNIT_EXPECT_EQ(test, vo_dma.lost, 0);
	KUNIT_EXPECT_EQ(test, vo_dma.read_only, 0);
	/* The exporter is not asked, whoever else is attached */
	KUNIT_EXPECT_EQ(test, vo_n(m->obj, begin_cpu), 0);
	KUNIT_EXPECT_EQ(test, vo_n(m->obj, end_cpu), 0);
}

static void c14_each_hand_over_happens_once(struct kunit *test)
{
	const struct vo_param *t = test->param_value;
	struct vo_mem m;
	struct vma_pin *pin;
	unsigned int to_device, to_cpu, i;
	phys_addr_t at;

	vo_mem(test, &m);
	pin = &m.imp->pin;
	vo_mem_map(&m, DMA_FROM_DEVICE);
	/* By the exporter, as it maps; the core hands nothing over */
	KUNIT_EXPECT_EQ(test, vo_dma.to_device,
			vo_n(m.obj, map) && m.synced ? VO_PAGES : 0);
	to_cpu = vo_dma.to_cpu;
	KUNIT_EXPECT_EQ(test, vo_for_cpu(pin), 0);
	KUNIT_EXPECT_EQ(test, vo_dma.to_cpu, to_cpu);
	for (i = 0; i < 3; i++) {
		to_device = vo_dma.to_device;
		to_cpu = vo_dma.to_cpu;
		KUNIT_EXPECT_EQ(test, vo_for_device(pin), 0);
		KUNIT_EXPECT_EQ(test, vo_is_device(m.pages[m.off >> PAGE_SHIFT]),
				m.synced);
		/* And nothing of what lies behind it */
		if (t->value == VO_RAM)
			KUNIT_EXPECT_FALSE(test, vo_is_device(m.pages[2]));
		KUNIT_EXPECT_EQ(test, vo_for_device(pin), 0);
		KUNIT_EXPECT_EQ(test, vo_dma.to_device - to_device, m.synced);
		KUNIT_EXPECT_EQ(test, vo_dma.to_cpu, to_cpu);

		to_device = vo_dma.to_device;
		KUNIT_EXPECT_EQ(test, vo_for_cpu(pin), 0);
		at = page_to_phys(m.pages[m.off >> PAGE_SHIFT]);
		spin_lock(&vo_dma.lock);
		KUNIT_EXPECT_FALSE(test, vo_dma_owns(at, m.len));
		spin_unlock(&vo_dma.lock);
		KUNIT_EXPECT_EQ(test, vo_for_cpu(pin), 0);
		KUNIT_EXPECT_EQ(test, vo_dma.to_cpu - to_cpu, m.synced);
		KUNIT_EXPECT_EQ(test, vo_dma.to_device, to_device);
	}
	vo_mem_end(&m);
}

/* Mapping hands nothing over: what is written before the hand-over is seen */
static void c14_written_between_map_and_hand_over(struct kunit *test)
{
	struct vo_mem m;

	vo_mem(test, &m);
	vo_mem_map(&m, DMA_TO_DEVICE);
	vo_cpu_write(m.pages, m.off, m.len, 0x11);
	KUNIT_EXPECT_EQ(test, vo_for_device(&m.imp->pin), 0);
	KUNIT_EXPECT_EQ(test, vo_dev_reads(m.pages, m.off, m.len, 0x11),
			m.synced);
	vo_mem_end(&m);
}

/* As in a restore, and before a device is started that may be stopped */
static void c14_handed_over_under_the_lock(struct kunit *test)
{
	struct sg_table *sgt;
	struct vma_pin *pin;
	struct vo_mem m;

	vo_mem(test, &m);
	pin = &m.imp->pin;
	KUNIT_ASSERT_EQ(test, vo_attach(pin, m.imp->dev), 0);
	KUNIT_ASSERT_EQ(test, vo_pin_lock(pin), 0);
	sgt = vo_map_dma_locked(pin, DMA_TO_DEVICE);
	vo_cpu_write(m.pages, m.off, m.len, 0x11);
	vo_for_device_locked(pin);
	vo_pin_unlock(pin);
	KUNIT_EXPECT_FALSE(test, IS_ERR(sgt));
	KUNIT_EXPECT_EQ(test, vo_dev_reads(m.pages, m.off, m.len, 0x11),
			m.synced);
	vo_mem_end(&m);
}

/* What is the CPU's is not synced once more: it wrote there, and beside it */
static void c14_unmap_keeps_what_the_cpu_wrote(struct kunit *test)
{
	struct vo_mem m;
	struct vma_pin *pin;
	size_t i, size;

	vo_mem(test, &m);
	pin = &m.imp->pin;
	size = m.off ? VO_SIZE : PAGE_SIZE;
	for (i = 1; i < 3; i++) {
		vo_mem_map(&m, DMA_FROM_DEVICE);
		KUNIT_EXPECT_EQ(test, vo_for_device(pin), 0);
		vo_dev_write(m.pages, m.off, m.len, 0x22);
		KUNIT_EXPECT_EQ(test, vo_for_cpu(pin), 0);
		KUNIT_EXPECT_EQ(test, vo_cpu_reads(m.pages, m.off, m.len, 0x22),
				m.synced);
		vo_cpu_write(m.pages, 0, size, i);
		vo_unmap_dma(pin);
		KUNIT_EXPECT_TRUE(test, vo_cpu_reads(m.pages, 0, size, i));
	}
	vo_mem_end(&m);
}

static void c14_unmap_takes_back_what_the_device_has(struct kunit *test)
{
	struct vo_mem m;
	struct vma_pin *pin;
	struct page *page;
	unsigned int to_cpu;

	vo_mem(test, &m);
	pin = &m.imp->pin;
	vo_cpu_write(m.pages, 0, m.off, 0x33);
	vo_mem_map(&m, DMA_FROM_DEVICE);
	KUNIT_EXPECT_EQ(test, vo_for_device(pin), 0);
	vo_dev_write(m.pages, m.off, m.len, 0x44);
	vo_cpu_write(m.pages, 0, m.off, 0x55);
	to_cpu = vo_dma.to_cpu;
	vo_unmap_dma(pin);
	KUNIT_EXPECT_EQ(test, vo_dma.to_cpu > to_cpu, m.synced);
	KUNIT_EXPECT_EQ(test, vo_cpu_reads(m.pages, m.off, m.len, 0x44),
			m.synced);
	KUNIT_EXPECT_TRUE(test, vo_cpu_reads(m.pages, 0, m.off, 0x55));
	/* A new mapping is the CPU's, whosever the last one was */
	vo_mem_map(&m, DMA_FROM_DEVICE);
	vo_cpu_write(m.pages, m.off, m.len, 0x66);
	KUNIT_EXPECT_EQ(test, vo_for_device(pin), 0);
	KUNIT_EXPECT_EQ(test, vo_dev_reads(m.pages, m.off, m.len, 0x66),
			m.synced);
	page = m.pages[m.off >> PAGE_SHIFT];
	vo_mem_end(&m);
	KUNIT_EXPECT_FALSE(test, vo_is_device(page));
}

/* A device that only reads wrote nothing, and what the CPU wrote since is kept */
static void c14_what_is_only_read_is_not_taken_back(struct kunit *test)
{
	struct vo_mem m;
	struct vma_pin *pin;
	unsigned int to_cpu, i;

	vo_mem(test, &m);
	pin = &m.imp->pin;
	vo_mem_map(&m, DMA_TO_DEVICE);
	for (i = 1; i < 3; i++) {
		vo_cpu_write(m.pages, m.off, m.len, i);
		KUNIT_EXPECT_EQ(test, vo_for_device(pin), 0);
		KUNIT_EXPECT_EQ(test, vo_dev_reads(m.pages, m.off, m.len, i),
				m.synced);
		to_cpu = vo_dma.to_cpu;
		KUNIT_EXPECT_EQ(test, vo_for_cpu(pin), 0);
		KUNIT_EXPECT_EQ(test, vo_dma.to_cpu, to_cpu);
	}
	vo_unmap_dma(pin);
	KUNIT_EXPECT_TRUE(test, vo_cpu_reads(m.pages, m.off, m.len, 2));
	vo_mem_end(&m);
}

/*
 * Calls that maintain caches, for ordinary memory in videobuf2. Its stock memops
 * map with DMA_ATTR_SKIP_CPU_SYNC, sync once for the device in prepare, once for
 * the CPU in finish save for output queues (init_buffer_cache_hints()), and unmap
 * with DMA_ATTR_SKIP_CPU_SYNC; so do dma-contig and dma-sg alike.
 */
struct vo_cost {
	const char		*name;
	bool			contiguous;
	enum dma_data_direction	dir;
	unsigned int		qbuf, dqbuf, release;	/* stock's */
};

static const struct vo_cost vo_costs[] = {
	{ "dma-contig captures", true, DMA_FROM_DEVICE, 1, 1, 0 },
	{ "dma-contig plays", true, DMA_TO_DEVICE, 1, 0, 0 },
	{ "dma-contig, both ways", true, DMA_BIDIRECTIONAL, 1, 1, 0 },
	{ "dma-sg captures", false, DMA_FROM_DEVICE, 1, 1, 0 },
	{ "dma-sg plays", false, DMA_TO_DEVICE, 1, 0, 0 },
	{ "dma-sg, both ways", false, DMA_BIDIRECTIONAL, 1, 1, 0 },
};

KUNIT_ARRAY_PARAM_DESC(vo_cost, vo_costs, name);

/* What has been called since the last look */
static unsigned int vo_dma_calls(void)
{
	unsigned int n = vo_dma.calls;

	vo_dma.calls = 0;
	return n;
}

static void vo_expect_cost(struct kunit *test, const char *what,
			   unsigned int stock)
{
	const struct vo_cost *t = test->param_value;
	unsigned int ours = vo_dma_calls();

	KUNIT_EXPECT_LE_MSG(test, ours, stock, "%s", what);
	/* Not into the log of the case, which is short in old kernels */
	pr_info("cache maintenance: %s, %s: stock %u, ours %u\n", t->name, what,
		stock, ours);
}

static void c14_no_dearer_than_stock(struct kunit *test)
{
	const struct vo_cost *t = test->param_value;
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_STATIC);
	unsigned long addr = vo_anon(test->priv, VO_PAGES);
	struct vma_pin *pin = &imp->pin;

	vo_dma_start();
	imp->client.contiguous = t->contiguous;
	KUNIT_ASSERT_EQ(test, 0,
			vo_pin_flags(imp, addr, VO_SIZE, t->dir == DMA_TO_DEVICE ?
							 0 : VMA_PIN_WRITE));
	vo_dma_watch(test, pin->pages[0]);
	/* get_userptr and prepare */
	KUNIT_ASSERT_FALSE(test, IS_ERR(vo_map_dma(pin, imp->dev, t->dir)));
	KUNIT_EXPECT_EQ(test, vo_for_device(pin), 0);
	KUNIT_EXPECT_TRUE(test, vo_is_device(pin->pages[0]));
	vo_expect_cost(test, "QBUF of a new address", t->qbuf);
	/* finish */
	KUNIT_EXPECT_EQ(test, vo_for_cpu(pin), 0);
	KUNIT_EXPECT_EQ(test, vo_is_device(pin->pages[0]),
			t->dir == DMA_TO_DEVICE);
	vo_expect_cost(test, "DQBUF", t->dqbuf);
	/* prepare alone: also what is only read has to be handed over again */
	KUNIT_EXPECT_EQ(test, vo_for_device(pin), 0);
	KUNIT_EXPECT_EQ(test, vo_dma.calls, 1);
	vo_expect_cost(test, "QBUF of the same address", t->qbuf);
	KUNIT_EXPECT_EQ(test, vo_for_cpu(pin), 0);
	vo_expect_cost(test, "DQBUF again", t->dqbuf);
	/* put_userptr */
	vma_unpin(pin);
	vo_expect_cost(test, "release", t->release);
	KUNIT_EXPECT_EQ(test, vo_dma.live, 0);
	KUNIT_EXPECT_EQ(test, vo_dma.lost, 0);
}

/*
 * The kernel's mapping, if there is one, is flushed before the device gets the
 * memory, and invalidated when it is done: all pages that it touches.
 */
static void c14_alias_of_ordinary_memory(struct kunit *test)
{
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_STATIC);
	unsigned long addr = vo_anon(test->priv, 2);
	struct vma_pin *pin = &imp->pin;

	vo_dma_start();
	KUNIT_ASSERT_EQ(test, vo_pin(imp, addr + 100, PAGE_SIZE), 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(vo_map_dma(pin, imp->dev,
						   DMA_BIDIRECTIONAL)));
	KUNIT_EXPECT_EQ(test, vo_for_device(pin), 0);
	KUNIT_EXPECT_EQ(test, vo_for_cpu(pin), 0);
	KUNIT_EXPECT_EQ(test, vo_dma.flushed, 0);
	KUNIT_EXPECT_EQ(test, vo_dma.invalidated, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(vo_vmap_pin(pin, DMA_BIDIRECTIONAL)));
	vo_dma.calls = 0;
	KUNIT_EXPECT_EQ(test, vo_for_device(pin), 0);
	KUNIT_EXPECT_EQ(test, vo_dma.flushed, 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, vo_dma.flushed_after, 0);
	KUNIT_EXPECT_EQ(test, vo_dma.invalidated, 0);
	KUNIT_EXPECT_EQ(test, vo_for_cpu(pin), 0);
	KUNIT_EXPECT_EQ(test, vo_dma.invalidated, 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, vo_dma.invalidated_after, 2);
	KUNIT_EXPECT_EQ(test, vo_dma.flushed, 2 * PAGE_SIZE);
	vma_unpin(pin);
}

static void c14_extents_left_mapped_by_a_failure(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_STATIC);
	struct vma_pin *pin = &imp->pin;

	vo_dma_start();
	KUNIT_ASSERT_EQ(test, vo_pin(imp, vo_map(obj), VO_SIZE), 0);
	vo_dma.fail_at = 2;
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_map_dma(pin, imp->dev,
						 DMA_TO_DEVICE)), -EIO);
	KUNIT_EXPECT_EQ(test, vo_dma.live, 0);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put_extents), 1);
	vma_unpin(pin);
}

struct vo_boundary {
	const char	*name;
	bool		iommu;		/* all in one range */
	bool		contiguous;	/* the importer wants no limit */
	unsigned int	max_seg;
	unsigned int	boundary;
	unsigned int	at;		/* the device sees the first byte there */
	unsigned int	nents;
};

/* The extents are a page each, and are no longer than the pin */
static const struct vo_boundary vo_boundaries[] = {
	{ "none in the way", false, false, VO_SIZE, VO_SIZE, 0, VO_PAGES },
	{ "in each", false, false, VO_SIZE, PAGE_SIZE / 2, 0, 2 * VO_PAGES },
	{ "elsewhere", false, false, VO_SIZE, PAGE_SIZE / 2, PAGE_SIZE / 8,
	  3 * VO_PAGES },
	{ "and a limit", false, false, PAGE_SIZE / 8 * 3, PAGE_SIZE / 2, 0,
	  2 * VO_PAGES },
	{ "and no limit", false, true, PAGE_SIZE / 8 * 3, PAGE_SIZE / 2, 0,
	  2 * VO_PAGES },
	{ "range: none in the way", true, false, VO_SIZE, VO_SIZE, 0, VO_PAGES },
	{ "range: in each", true, false, VO_SIZE, PAGE_SIZE / 2, 0,
	  2 * VO_PAGES },
	{ "range: and a limit", true, false, PAGE_SIZE / 8 * 3, PAGE_SIZE / 2, 0,
	  2 * VO_PAGES },
	{ "range: and no limit", true, true, PAGE_SIZE / 8 * 3, PAGE_SIZE / 2, 0,
	  2 * VO_PAGES },
};

KUNIT_ARRAY_PARAM_DESC(vo_boundary, vo_boundaries, name);

static struct vo_imp *vo_imp_boundary(struct kunit *test, struct vma_owner_mock *obj)
{
	const struct vo_boundary *t = test->param_value;
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_STATIC);

	vo_dma_start();
	vo_dma.boundary = t->boundary - 1;
	vo_dma.max_seg_size = t->max_seg;
	vo_dma.shift = t->at;
	vo_dma.iova = t->iommu ? 4 * VO_SIZE : 0;
	vo_dma.coherent = t->iommu;
	imp->client.contiguous = t->contiguous;
	/* What cannot be synced goes into a range */
	if (t->iommu)
		obj->type = VMA_OWNER_RAM_FIXED;
	KUNIT_ASSERT_EQ(test, vo_pin(imp, vo_map(obj), VO_SIZE), 0);
	return imp;
}

/* No segment crosses a boundary of the device, and no byte is lost by that */
static void c6_extents_cut_at_boundaries(struct kunit *test)
{
	const struct vo_boundary *t = test->param_value;
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp_boundary(test, obj);
	struct scatterlist *sg;
	struct sg_table *sgt;
	dma_addr_t addr;
	size_t at = 0;
	int i;

	sgt = vo_map_dma(&imp->pin, imp->dev, DMA_TO_DEVICE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	KUNIT_EXPECT_EQ(test, sgt->nents, t->nents);
	for_each_sgtable_dma_sg(sgt, sg, i) {
		addr = t->iommu ? vo_dma.iova + at : vo_dma.shift +
		       page_to_phys(obj->pages[at >> PAGE_SHIFT]) +
		       offset_in_page(at);
		KUNIT_EXPECT_EQ(test, sg_dma_address(sg), addr);
		KUNIT_EXPECT_LE(test, (addr & (t->boundary - 1)) +
				      sg_dma_len(sg), t->boundary);
		if (!t->contiguous)
			KUNIT_EXPECT_LE(test, sg_dma_len(sg),
					max(t->max_seg, PAGE_SIZE));
		KUNIT_EXPECT_EQ(test, !!sg_is_last(sg), i == sgt->nents - 1);
		at += sg_dma_len(sg);
	}
	KUNIT_EXPECT_EQ(test, at, VO_SIZE);
	KUNIT_EXPECT_EQ(test, vo_dma.ranges, t->iommu);
	KUNIT_EXPECT_EQ(test, vo_dma.linked, t->iommu ? VO_SIZE : 0);
	KUNIT_EXPECT_EQ(test, vo_dma.live, t->iommu ? 0 : t->nents);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_dma.ranges, 0);
	KUNIT_EXPECT_EQ(test, vo_dma.linked, 0);
	KUNIT_EXPECT_EQ(test, vo_dma.live, 0);
}

/* Whatever fails in between, nothing stays mapped */
static void c6_cut_extents_mapped_by_halves(struct kunit *test)
{
	const struct vo_boundary *t = test->param_value;
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp_boundary(test, obj);
	unsigned int nth = 0;
	struct sg_table *sgt;

	do {
		vo_dma.fail_at = ++nth;
		sgt = vo_map_dma(&imp->pin, imp->dev, DMA_TO_DEVICE);
		if (!IS_ERR(sgt))
			break;
		KUNIT_EXPECT_EQ(test, PTR_ERR(sgt), t->iommu ? -ENOMEM : -EIO);
		KUNIT_EXPECT_EQ(test, vo_dma.ranges, 0);
		KUNIT_EXPECT_EQ(test, vo_dma.linked, 0);
		KUNIT_EXPECT_EQ(test, vo_dma.live, 0);
	} while (nth < 100);
	KUNIT_EXPECT_GT(test, nth, VO_PAGES);
	KUNIT_EXPECT_LT(test, nth, 100);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_dma.ranges, 0);
	KUNIT_EXPECT_EQ(test, vo_dma.live, 0);
}

/* One address for all of it, if that is all the device takes */
static void c14_contiguous_is_not_cut(struct kunit *test)
{
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_STATIC);
	unsigned int order = get_order(VO_SIZE), i;
	struct vma_pin *pin = &imp->pin;
	struct page *page, *pages[VO_PAGES];

	vo_dma_start();
	/* Ordinary memory, but for sure in one piece */
	page = alloc_pages(GFP_KERNEL, order);
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_ASSERT_EQ(test, 0, vo_pin(imp, vo_anon(test->priv, VO_PAGES),
					VO_SIZE));
	for (i = 0; i < VO_PAGES; i++) {
		pages[i] = pin->pages[i];
		pin->pages[i] = page + i;
	}
	vo_dma.max_seg_size = PAGE_SIZE;
	KUNIT_EXPECT_FALSE(test, IS_ERR(vo_map_dma(pin, imp->dev,
						   DMA_TO_DEVICE)));
	KUNIT_EXPECT_EQ(test, vo_dma.longest, PAGE_SIZE);
	vo_unmap_dma(pin);
	imp->client.contiguous = true;
	KUNIT_EXPECT_FALSE(test, IS_ERR(vo_map_dma(pin, imp->dev,
						   DMA_TO_DEVICE)));
	KUNIT_EXPECT_EQ(test, vo_dma.longest, VO_SIZE);
	vo_unmap_dma(pin);
	for (i = 0; i < VO_PAGES; i++)
		pin->pages[i] = pages[i];
	vma_unpin(pin);
	__free_pages(page, order);
}

/* Memory that an exporter has mapped for an importer, which does what @dir says */
struct vo_importer {
	struct vma_owner_mock		*obj;
	struct device		*dev;
	enum dma_data_direction	dir;
	struct sg_table		sgt;
};

static void vo_importer_map(struct kunit *test, struct vo_importer *m,
			    struct dma_buf_sync_list *list)
{
	m->obj = vo_obj(test->priv);
	vo_dma_watch(test, m->obj->pages[0]);
	vo_dma_watch(test, m->obj->pages[VO_PAGES - 1]);
	KUNIT_ASSERT_EQ(test, 0,
			sg_alloc_table_from_pages(&m->sgt, m->obj->pages,
						  VO_PAGES, 0, VO_SIZE,
						  GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, vo_dma_shadow.map(m->dev, &m->sgt, m->dir, 0), 0);
	KUNIT_EXPECT_EQ(test, vo_sync_add(list, m->dev, &m->sgt, m->dir), 0);
}

static void vo_importer_unmap(struct vo_importer *m,
			      struct dma_buf_sync_list *list)
{
	vo_sync_del(list, &m->sgt);
	vo_dma_shadow.unmap(m->dev, &m->sgt, m->dir, 0);
	sg_free_table(&m->sgt);
}

static bool vo_importer_has(struct vo_importer *m)
{
	return vo_is_device(m->obj->pages[0]) &&
	       vo_is_device(m->obj->pages[VO_PAGES - 1]);
}

static void c14_exporter_syncs_its_importers(struct kunit *test)
{
	struct device *dev = vo_imp_dev(test->priv, VO_STATIC)->dev;
	struct vo_importer r = { .dev = dev, .dir = DMA_TO_DEVICE };
	struct vo_importer w = {
		.dev = dev, .dir = dma_buf_sync_map_dir(DMA_FROM_DEVICE),
	};
	struct vo_importer both = { .dev = dev, .dir = DMA_BIDIRECTIONAL };
	struct dma_buf_sync_list list;

	vo_dma_start();
	vo_sync_init(&list);
	vo_importer_map(test, &r, &list);
	vo_importer_map(test, &w, &list);
	vo_importer_map(test, &both, &list);

	/* What only reads has written nothing, and may have an old copy */
	vo_dev_write(w.obj->pages, 0, VO_LINE, 0x5a);
	vo_sync_for_cpu(&list, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_TRUE(test, vo_cpu_reads(w.obj->pages, 0, VO_LINE, 0x5a));
	KUNIT_EXPECT_TRUE(test, vo_importer_has(&r));
	KUNIT_EXPECT_FALSE(test, vo_importer_has(&w));
	KUNIT_EXPECT_FALSE(test, vo_importer_has(&both));
	KUNIT_EXPECT_EQ(test, vo_dma_calls(), 3 + 2);
	/* And is to have a new one */
	vo_sync_for_device(&list, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_TRUE(test, vo_importer_has(&w));
	KUNIT_EXPECT_TRUE(test, vo_importer_has(&both));
	KUNIT_EXPECT_EQ(test, vo_dma_calls(), 3);

	/* Who has gone is left alone */
	vo_importer_unmap(&w, &list);
	vo_dma_calls();
	vo_sync_for_cpu(&list, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_FALSE(test, vo_importer_has(&both));
	KUNIT_EXPECT_EQ(test, vo_dma_calls(), 1);
	vo_importer_unmap(&both, &list);
	vo_importer_unmap(&r, &list);
	KUNIT_EXPECT_TRUE(test, list_empty(&list.tables));
	KUNIT_EXPECT_EQ(test, vo_dma.live, 0);
}

/* Nobody has said how it is synced, and the device needs that */
static void c15_unknown_owner_refused(struct kunit *test)
{
	struct vma_owner_mock *a = vo_obj_dmabuf(test->priv);
	struct vma_owner_mock *b = vo_obj_dmabuf(test->priv);
	struct vo_imp *x = vo_pinned_dev(a, VO_STATIC);
	struct vo_imp *y = vo_pinned(b, VO_STATIC);

	vo_dma_start();
	y->dev = x->dev;
	a->dma = &vo_dma_shadow;
	a->sync = VMA_OWNER_SYNC_UNKNOWN;
	b->dma = &vo_dma_shadow;
	b->ops.sync = NULL;
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_map_dma(&x->pin, x->dev,
						 DMA_TO_DEVICE)), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, PTR_ERR(vo_map_dma(&y->pin, y->dev,
						 DMA_TO_DEVICE)), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, vo_n(a, map) + vo_n(b, map), 2);
	KUNIT_EXPECT_NULL(test, vma_pin_dma_table(&x->pin));
	/* A device that needs none may have it */
	vo_dma.coherent = true;
	KUNIT_EXPECT_FALSE(test, IS_ERR(vo_map_dma(&x->pin, x->dev,
						   DMA_TO_DEVICE)));
	KUNIT_EXPECT_FALSE(test, IS_ERR(vo_map_dma(&y->pin, y->dev,
						   DMA_TO_DEVICE)));
	KUNIT_EXPECT_EQ(test, vo_for_cpu(&x->pin), 0);
	KUNIT_EXPECT_EQ(test, vo_n(a, begin_cpu), 0);
	vma_unpin(&x->pin);
	vma_unpin(&y->pin);
	KUNIT_EXPECT_EQ(test, vo_n(a, map) + vo_n(b, map),
			vo_n(a, unmap) + vo_n(b, unmap));
	KUNIT_EXPECT_EQ(test, vo_dma.live, 0);
}

static void vo_map_for_device(struct vo_imp *imp)
{
	KUNIT_EXPECT_FALSE(imp->vo->test,
			   IS_ERR(vo_map_dma(&imp->pin, imp->dev,
					     DMA_FROM_DEVICE)));
	KUNIT_EXPECT_EQ(imp->vo->test, vo_for_device(&imp->pin), 0);
}

struct vo_bounce {
	const char	*name;
	size_t		off;
	size_t		len;
	int		ret;
};

static const struct vo_bounce vo_bounces[] = {
	{ "all", 0, VO_SIZE, 0 },
	{ "all but the first bytes", 100, VO_SIZE - 100, 0 },
	{ "all but the last byte", 0, VO_SIZE - 1, 0 },
	{ "all but the first page", PAGE_SIZE, VO_SIZE - PAGE_SIZE, -EOPNOTSUPP },
	{ "all but the last page", 0, VO_SIZE - PAGE_SIZE, -EOPNOTSUPP },
	{ "some bytes", PAGE_SIZE + 8, 16, -EOPNOTSUPP },
};

KUNIT_ARRAY_PARAM_DESC(vo_bounce, vo_bounces, name);

/* The exporter's unmap would bring back what is in the bounce buffer beside it */
static void c15_part_is_not_bounced(struct kunit *test)
{
	const struct vo_bounce *t = test->param_value;
	struct vma_owner_mock *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_STATIC);
	struct vma_pin *pin = &imp->pin;
	struct sg_table *sgt;

	vo_dma_start();
	vo_dma_watch_all(test, obj->pages);
	obj->dma = &vo_dma_shadow;
	vo_dma.coherent = true;
	vo_dma.bounces = true;
	KUNIT_ASSERT_EQ(test, vo_pin(imp, vo_map(obj) + t->off, t->len), 0);
	sgt = vo_map_dma(pin, imp->dev, DMA_FROM_DEVICE);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(sgt), t->ret);
	if (!t->ret) {
		vo_cpu_write(obj->pages, t->off, t->len, 1);
		KUNIT_EXPECT_EQ(test, vo_for_device(pin), 0);
		KUNIT_EXPECT_TRUE(test, vo_dev_reads(obj->pages, t->off, t->len,
						     1));
		vo_dev_write(obj->pages, t->off, t->len, 2);
		KUNIT_EXPECT_EQ(test, vo_for_cpu(pin), 0);
		KUNIT_EXPECT_TRUE(test, vo_cpu_reads(obj->pages, t->off, t->len,
						     2));
		vo_cpu_write(obj->pages, t->off, t->len, 3);
		vo_unmap_dma(pin);
		KUNIT_EXPECT_TRUE(test, vo_cpu_reads(obj->pages, t->off, t->len,
						     3));
		vo_map_for_device(imp);
		vo_dev_write(obj->pages, t->off, t->len, 4);
		vo_unmap_dma(pin);
		KUNIT_EXPECT_TRUE(test, vo_cpu_reads(obj->pages, t->off, t->len,
						     4));
	}
	/* Of a device that is not coherent a part will do */
	vo_dma.coherent = false;
	vo_dma.bounces = false;
	KUNIT_EXPECT_FALSE(test, IS_ERR(vo_map_dma(pin, imp->dev,
						   DMA_FROM_DEVICE)));
	vma_unpin(pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, map), vo_n(obj, unmap));
	KUNIT_EXPECT_EQ(test, vo_dma.live, 0);
}

static const struct vo_param vo_entries[] = {
	{ "whole pages", false }, { "halves of pages", true },
};

KUNIT_ARRAY_PARAM_DESC(vo_entry, vo_entries, name);

/* A bounce buffer behind an IOMMU has what is not whole granules, and no more */
static void c15_part_behind_an_iommu(struct kunit *test)
{
	const struct vo_param *t = test->param_value;
	struct vma_owner_mock *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_TYPE1);
	struct sg_table *sgt;

	vo_dma_start();
	vo_dma.iova = 4 * VO_SIZE;
	vo_dma.coherent = true;
	vo_dma.bounces = true;
	obj->dma = &vo_dma_shadow;
	obj->halves = t->value;
	KUNIT_ASSERT_EQ(test, vo_pin(imp, vo_map(obj) + 8, PAGE_SIZE), 0);
	sgt = vo_map_dma(&imp->pin, imp->dev, DMA_FROM_DEVICE);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(sgt),
			t->value ? -EOPNOTSUPP : 0);
	/* A mapping that is copied back is not made, and unmade, to find out */
	if (t->value)
		KUNIT_EXPECT_EQ(test, obj->sgt_dir, DMA_TO_DEVICE);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, map), vo_n(obj, unmap));
	KUNIT_EXPECT_EQ(test, vo_dma.live, 0);
}

static void c15_unknown_owner_behind_an_iommu(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_TYPE1);
	struct vma_pin *pin = &imp->pin;

	vo_dma_start();
	vo_dma.iova = 4 * VO_SIZE;
	vo_dma.coherent = true;
	obj->dma = &vo_dma_shadow;
	obj->sync = VMA_OWNER_SYNC_UNKNOWN;
	KUNIT_ASSERT_EQ(test, vo_pin(imp, vo_map(obj), VO_SIZE), 0);
	KUNIT_EXPECT_FALSE(test, IS_ERR(vo_map_dma(pin, imp->dev,
						   DMA_FROM_DEVICE)));
	vo_unmap_dma(pin);
	/* One that is not trusted, of which whole granules are not bounced */
	vo_dma.bounces = true;
	KUNIT_EXPECT_FALSE(test, IS_ERR(vo_map_dma(pin, imp->dev,
						   DMA_FROM_DEVICE)));
	vo_unmap_dma(pin);
	obj->halves = true;
	KUNIT_EXPECT_PTR_EQ(test, vo_map_dma(pin, imp->dev, DMA_FROM_DEVICE),
			    ERR_PTR(-EOPNOTSUPP));
	KUNIT_EXPECT_EQ(test, obj->sgt_dir, DMA_TO_DEVICE);
	vo_dma.bounces = false;
	vo_dma.coherent = false;
	KUNIT_EXPECT_PTR_EQ(test, vo_map_dma(pin, imp->dev, DMA_FROM_DEVICE),
			    ERR_PTR(-EOPNOTSUPP));
	vma_unpin(pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, map), vo_n(obj, unmap));
}

static const struct vo_param vo_same[] = {
	{ "a dma-buf for each", false }, { "one dma-buf", true },
};

KUNIT_ARRAY_PARAM_DESC(vo_same, vo_same, name);

/* Two planes in one dma-buf, which meet within a page */
static void vo_pin_planes(struct kunit *test, struct vma_owner_mock **obj,
			  struct vo_imp *imp[2], size_t len)
{
	const struct vo_param *t = test->param_value;
	unsigned long addr;

	vo_dma_start();
	vo_dma.twice = true;
	imp[0] = vo_imp_dev(test->priv, VO_STATIC);
	imp[1] = vo_imp(test->priv, VO_STATIC);
	imp[1]->dev = imp[0]->dev;
	if (t->value) {
		*obj = vo_obj_generic(test->priv);
		(*obj)->vm_ops = &vo_vm_ops_cached;
		addr = vo_area(test->priv, VO_PAGES);
		vo_mmap_at(test->priv, (*obj)->dmabuf->file, addr, 0, VO_PAGES,
			   PROT_READ | PROT_WRITE, MAP_SHARED);
		dma_buf_put((*obj)->dmabuf);
	} else {
		*obj = vo_obj_dmabuf(test->priv);
		addr = vo_map(*obj);
	}
	(*obj)->dma = &vo_dma_shadow;
	vo_dma_watch_all(test, (*obj)->pages);
	KUNIT_ASSERT_EQ(test, vo_pin(imp[0], addr, len), 0);
	KUNIT_ASSERT_EQ(test, vo_pin(imp[1], addr + len, VO_SIZE - len), 0);
}

/* Neither plane loses anything by what happens to the other */
static void c14_two_parts_of_one_dmabuf(struct kunit *test)
{
	size_t at = PAGE_SIZE + PAGE_SIZE / 2, len = VO_SIZE - at;
	struct vo_imp *imp[2];
	struct page **pages;
	struct vma_owner_mock *obj;
	u8 v;

	vo_pin_planes(test, &obj, imp, at);
	pages = obj->pages;
	for (v = 0x10; v < 0x40; v += 0x10) {
		vo_map_for_device(imp[0]);
		vo_map_for_device(imp[1]);
		vo_dev_write(pages, 0, at, v);
		vo_dev_write(pages, at, len, v + 1);
		KUNIT_EXPECT_EQ(test, vo_for_cpu(&imp[0]->pin), 0);
		KUNIT_EXPECT_TRUE(test, vo_cpu_reads(pages, 0, at, v));
		/* User space writes the one, and the other one is unmapped */
		vo_cpu_write(pages, 0, at, v + 2);
		vo_unmap_dma(&imp[1]->pin);
		KUNIT_EXPECT_TRUE(test, vo_cpu_reads(pages, at, len, v + 1));
		KUNIT_EXPECT_TRUE(test, vo_cpu_reads(pages, 0, at, v + 2));
		/* Both are queued again */
		vo_map_for_device(imp[1]);
		vo_dev_write(pages, at, len, v + 3);
		KUNIT_EXPECT_EQ(test, vo_for_device(&imp[0]->pin), 0);
		KUNIT_EXPECT_TRUE(test, vo_dev_reads(pages, 0, at, v + 2));
		vo_dev_write(pages, 0, at, v + 4);
		KUNIT_EXPECT_EQ(test, vo_for_cpu(&imp[1]->pin), 0);
		KUNIT_EXPECT_TRUE(test, vo_cpu_reads(pages, at, len, v + 3));
		vo_cpu_write(pages, at, len, v + 5);
		vo_unmap_dma(&imp[0]->pin);
		KUNIT_EXPECT_TRUE(test, vo_cpu_reads(pages, 0, at, v + 4));
		KUNIT_EXPECT_TRUE(test, vo_cpu_reads(pages, at, len, v + 5));
		vo_unmap_dma(&imp[1]->pin);
		KUNIT_EXPECT_TRUE(test, vo_cpu_reads(pages, at, len, v + 5));
	}
	vma_unpin(&imp[0]->pin);
	vma_unpin(&imp[1]->pin);
	KUNIT_EXPECT_EQ(test, vo_n(obj, begin_cpu), 0);
	KUNIT_EXPECT_EQ(test, vo_dma.live, 0);
}

static const struct vo_param vo_synced_memories[] = {
	{ "ordinary", VO_ORDINARY }, { "RAM", VO_RAM },
	{ "dma-buf", VO_DMABUF }, { "part of a dma-buf", VO_PART },
};

KUNIT_ARRAY_PARAM_DESC(vo_synced_memory, vo_synced_memories, name);

static void c14_same_address_in_two_pins(struct kunit *test)
{
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	struct vo_mem m;
	u8 v;

	vo_mem(test, &m);
	vo_dma.twice = true;
	imp->dev = m.imp->dev;
	KUNIT_ASSERT_EQ(test, vo_pin(imp, m.imp->pin.start, m.imp->pin.len), 0);
	for (v = 1; v < 9; v += 3) {
		vo_map_for_device(m.imp);
		vo_dev_write(m.pages, m.off, m.len, v);
		KUNIT_EXPECT_EQ(test, vo_for_cpu(&m.imp->pin), 0);
		KUNIT_EXPECT_TRUE(test, vo_cpu_reads(m.pages, m.off, m.len, v));
		vo_map_for_device(imp);
		vo_dev_write(m.pages, m.off, m.len, v + 1);
		KUNIT_EXPECT_EQ(test, vo_for_cpu(&imp->pin), 0);
		KUNIT_EXPECT_TRUE(test, vo_cpu_reads(m.pages, m.off, m.len,
						     v + 1));
		vo_cpu_write(m.pages, m.off, m.len, v + 2);
		vo_unmap_dma(&m.imp->pin);
		vo_unmap_dma(&imp->pin);
		KUNIT_EXPECT_TRUE(test, vo_cpu_reads(m.pages, m.off, m.len,
						     v + 2));
	}
	vma_unpin(&imp->pin);
	vo_mem_end(&m);
}

static const struct vo_param vo_dmabufs[] = {
	{ "dma-buf", VO_DMABUF }, { "part of a dma-buf", VO_PART },
	{ "uncached dma-buf", VO_UNCACHED },
};

KUNIT_ARRAY_PARAM_DESC(vo_dmabuf, vo_dmabufs, name);

/* Neither a coherent device nor memory that is not cached */
static void c15_nothing_synced_without_need(struct kunit *test)
{
	unsigned int to_device, to_cpu;
	struct vo_mem m;
	bool dma;

	vo_mem(test, &m);
	dma = m.obj->sync == VMA_OWNER_SYNC_DMA;
	vo_dma.coherent = dma;
	vo_mem_map(&m, DMA_FROM_DEVICE);
	to_device = vo_dma.to_device;
	to_cpu = vo_dma.to_cpu;
	KUNIT_EXPECT_EQ(test, vo_for_device(&m.imp->pin), 0);
	KUNIT_EXPECT_EQ(test, vo_for_cpu(&m.imp->pin), 0);
	KUNIT_EXPECT_EQ(test, vo_dma.to_cpu, to_cpu);
	vo_unmap_dma(&m.imp->pin);
	KUNIT_EXPECT_EQ(test, vo_dma.to_device, to_device);
	vo_mem_end(&m);
	/* What the exporter's unmap does is its own business, and when */
	KUNIT_EXPECT_EQ(test, vo_dma.to_cpu - to_cpu, dma ? VO_PAGES : 0);
}

/* Before the exporter's unmap, and once; not where the device wrote nothing */
static void c14_unmap_hands_over_the_whole_table(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_STATIC);
	unsigned int to_device;

	vo_dma_start();
	vo_dma_watch_all(test, obj->pages);
	obj->dma = &vo_dma_shadow;
	KUNIT_ASSERT_EQ(test, vo_pin(imp, vo_map(obj) + 8, 8), 0);
	vo_map_dma(&imp->pin, imp->dev, DMA_FROM_DEVICE);
	to_device = vo_dma.to_device;
	vo_cpu_write(obj->pages, 0, VO_SIZE, 7);
	vo_unmap_dma(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_dma.to_device - to_device, VO_PAGES);
	KUNIT_EXPECT_TRUE(test, vo_cpu_reads(obj->pages, 0, VO_SIZE, 7));
	vo_map_dma(&imp->pin, imp->dev, DMA_TO_DEVICE);
	to_device = vo_dma.to_device;
	vo_unmap_dma(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_dma.to_device, to_device);
	vma_unpin(&imp->pin);
}

/* The device has all of it, or nothing */
static void vo_dma_give_all(bool to_device)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(vo_dma.pages); i++)
		vo_dma.pages[i].device = to_device ? ~0ULL : 0;
}

/* The lines of [off, off + len) are the device's and no others, or all but these */
static void vo_expect_lines(struct kunit *test, struct page **pages, size_t off,
			    size_t len, bool inside)
{
	size_t at;

	for (at = 0; at < VO_SIZE; at += VO_LINE) {
		phys_addr_t phys = page_to_phys(pages[at >> PAGE_SHIFT]) +
				   offset_in_page(at);
		bool in = at + VO_LINE > off && at < off + len;

		KUNIT_EXPECT_EQ_MSG(test, vo_dma_owns(phys, 1), in == inside,
				    "line at %zu", at);
	}
}

static const struct vo_param vo_granules[] = {
	{ "no IOMMU", false }, { "behind an IOMMU", true },
};

KUNIT_ARRAY_PARAM_DESC(vo_granule, vo_granules, name);

/* Scattered memory: all of the range is synced, and nothing beside it */
static void c14_each_granule_of_the_range(struct kunit *test)
{
	const struct vo_param *t = test->param_value;
	struct vma_owner_mock *obj = vo_obj_dmabuf(test->priv);
	struct vo_imp *imp = vo_imp_dev(test->priv, VO_STATIC);
	size_t off = PAGE_SIZE - 3 * VO_LINE, len = 2 * PAGE_SIZE + VO_LINE;
	struct vma_pin *pin = &imp->pin;
	int i, j;

	/* No page follows the one before it */
	for (i = 0; i < VO_PAGES; i++)
		for (j = i + 1; j < VO_PAGES; j++)
			if (page_to_pfn(obj->pages[i]) <
			    page_to_pfn(obj->pages[j]))
				swap(obj->pages[i], obj->pages[j]);
	vo_dma_start();
	vo_dma_watch_all(test, obj->pages);
	vo_dma.iova = t->value ? 4 * VO_SIZE : 0;
	obj->dma = &vo_dma_shadow;
	KUNIT_ASSERT_EQ(test, vo_pin(imp, vo_map(obj) + off, len), 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(vo_map_dma(pin, imp->dev,
						   DMA_FROM_DEVICE)));
	vo_dma_give_all(false);
	KUNIT_EXPECT_EQ(test, vo_for_device(pin), 0);
	vo_expect_lines(test, obj->pages, off, len, true);
	vo_dma_give_all(true);
	KUNIT_EXPECT_EQ(test, vo_for_cpu(pin), 0);
	vo_expect_lines(test, obj->pages, off, len, false);
	vma_unpin(pin);
	vo_expect_lines(test, obj->pages, 0, 0, true);
}

struct kunit_case vo_handover_cases[] = {
	KUNIT_CASE_PARAM(c14_each_hand_over_happens_once, vo_memory_gen_params),
	KUNIT_CASE_PARAM(c14_written_between_map_and_hand_over,
			 vo_memory_gen_params),
	KUNIT_CASE_PARAM(c14_handed_over_under_the_lock, vo_memory_gen_params),
	KUNIT_CASE_PARAM(c14_what_is_only_read_is_not_taken_back,
			 vo_memory_gen_params),
	KUNIT_CASE_PARAM(c14_unmap_keeps_what_the_cpu_wrote,
			 vo_memory_gen_params),
	KUNIT_CASE_PARAM(c14_unmap_takes_back_what_the_device_has,
			 vo_memory_gen_params),
	KUNIT_CASE_PARAM(c14_no_dearer_than_stock, vo_cost_gen_params),
	KUNIT_CASE(c14_alias_of_ordinary_memory),
	KUNIT_CASE(c14_extents_left_mapped_by_a_failure),
	KUNIT_CASE(c14_exporter_syncs_its_importers),
	KUNIT_CASE(c14_contiguous_is_not_cut),
	KUNIT_CASE_PARAM(c6_extents_cut_at_boundaries, vo_boundary_gen_params),
	KUNIT_CASE_PARAM(c6_cut_extents_mapped_by_halves,
			 vo_boundary_gen_params),
	KUNIT_CASE_PARAM(c14_two_parts_of_one_dmabuf, vo_same_gen_params),
	KUNIT_CASE_PARAM(c14_same_address_in_two_pins,
			 vo_synced_memory_gen_params),
	KUNIT_CASE(c14_unmap_hands_over_the_whole_table),
	KUNIT_CASE_PARAM(c14_each_granule_of_the_range, vo_granule_gen_params),
	KUNIT_CASE(c15_unknown_owner_refused),
	KUNIT_CASE_PARAM(c15_part_is_not_bounced, vo_bounce_gen_params),
	KUNIT_CASE_PARAM(c15_part_behind_an_iommu, vo_entry_gen_params),
	KUNIT_CASE(c15_unknown_owner_behind_an_iommu),
	KUNIT_CASE_PARAM(c15_nothing_synced_without_need, vo_dmabuf_gen_params),
	{}
};
