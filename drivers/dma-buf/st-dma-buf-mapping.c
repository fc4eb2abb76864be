// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of dma_buf_phys_vec_to_sgt(), which is compiled once more here: with
 * a device that may reach all MMIO, behind an IOMMU that notes what it is told.
 */
#include <kunit/test.h>
#include <linux/dma-buf-mapping.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/pci-p2pdma.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>

#define MAP_RANGES	3
#define MAP_IOVA	0x40000000
#define MAP_BUS		0x1000		/* what is added to addresses without an IOMMU */

struct map_link {
	phys_addr_t	phys;
	size_t		offset, len;
};

/* Of the one test that runs */
static struct {
	bool		iommu;
	unsigned int	nr;		/* calls that map or link */
	unsigned int	fail_at;	/* which of them fails, from 1 */
	struct map_link	link[MAP_RANGES];
	size_t		synced, destroyed;
	unsigned int	freed;		/* entries of tables */
	int		live;		/* mappings without an IOMMU, and ranges with one */
} map;

static enum pci_p2pdma_map_type map_type(struct p2pdma_provider *provider,
					 struct device *dev)
{
	return PCI_P2PDMA_MAP_THRU_HOST_BRIDGE;
}

static bool map_use_iova(struct dma_iova_state *state)
{
	return map.iommu;
}

static bool map_iova_alloc(struct device *dev, struct dma_iova_state *state,
			   phys_addr_t phys, size_t size)
{
	state->addr = map.iommu ? MAP_IOVA : 0;
	map.live += map.iommu;
	return map.iommu;
}

static bool map_fails(void)
{
	return ++map.nr == map.fail_at;
}

static int map_iova_link(struct device *dev, struct dma_iova_state *state,
			 phys_addr_t phys, size_t offset, size_t size,
			 enum dma_data_direction dir, unsigned long attrs)
{
	if (map_fails())
		return -ENOMEM;
	map.link[map.nr - 1] = (struct map_link) { phys, offset, size };
	return 0;
}

static int map_iova_sync(struct device *dev, struct dma_iova_state *state,
			 size_t offset, size_t size)
{
	map.synced = size;
	return 0;
}

static void map_iova_destroy(struct device *dev, struct dma_iova_state *state,
			     size_t len, enum dma_data_direction dir,
			     unsigned long attrs)
{
	map.destroyed = len;
	map.live--;
}

static dma_addr_t map_phys(struct device *dev, phys_addr_t phys, size_t size,
			   enum dma_data_direction dir, unsigned long attrs)
{
	if (map_fails())
		return DMA_MAPPING_ERROR;
	map.live++;
	return phys + MAP_BUS;
}

static void unmap_phys(struct device *dev, dma_addr_t addr, size_t size,
		       enum dma_data_direction dir, unsigned long attrs)
{
	map.live--;
}

static void map_free_table(struct sg_table *table)
{
	map.freed += table->orig_nents;
	sg_free_table(table);
}

static int map_error(struct device *dev, dma_addr_t addr)
{
	return addr == DMA_MAPPING_ERROR ? -ENOMEM : 0;
}

static struct sg_table *map_phys_vec(struct dma_buf_attachment *attach,
				     struct p2pdma_provider *provider,
				     struct phys_vec *phys_vec, size_t nr_ranges,
				     size_t size, enum dma_data_direction dir);
static void map_free(struct dma_buf_attachment *attach, struct sg_table *sgt,
		     enum dma_data_direction dir);

#define dma_buf_phys_vec_to_sgt	map_phys_vec
#define dma_buf_free_sgt	map_free
#define pci_p2pdma_map_type	map_type
#define dma_use_iova		map_use_iova
#define dma_iova_try_alloc	map_iova_alloc
#define dma_iova_link		map_iova_link
#define dma_iova_sync		map_iova_sync
#define dma_iova_destroy	map_iova_destroy
#define dma_map_phys		map_phys
#define dma_unmap_phys		unmap_phys
#define dma_mapping_error	map_error
#define sg_free_table		map_free_table
#undef EXPORT_SYMBOL_NS_GPL
#define EXPORT_SYMBOL_NS_GPL(sym, ns)

#include "dma-buf-mapping.c"

/* A buffer of three ranges of a BAR, no two of one length */
struct map_test {
	struct dma_resv			resv;
	struct dma_buf			dmabuf;
	struct dma_buf_attachment	at;
	struct p2pdma_provider		provider;
	struct phys_vec			vec[MAP_RANGES];
	size_t				size;
};

static int map_init(struct kunit *test)
{
	struct map_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	memset(&map, 0, sizeof(map));
	dma_resv_init(&t->resv);
	t->dmabuf.resv = &t->resv;
	t->at.dmabuf = &t->dmabuf;
	for (i = 0; i < MAP_RANGES; i++) {
		t->vec[i].paddr = 0x80000000 + i * SZ_1M;
		t->vec[i].len = (i + 1) * SZ_64K;
		t->size += t->vec[i].len;
	}
	return 0;
}

static void map_exit(struct kunit *test)
{
	struct map_test *t = test->priv;

	dma_resv_fini(&t->resv);
}

static struct sg_table *map_all(struct map_test *t)
{
	struct sg_table *sgt;

	dma_resv_lock(&t->resv, NULL);
	sgt = map_phys_vec(&t->at, &t->provider, t->vec, MAP_RANGES, t->size,
			   DMA_BIDIRECTIONAL);
	dma_resv_unlock(&t->resv);
	return sgt;
}

static void unmap_all(struct map_test *t, struct sg_table *sgt)
{
	dma_resv_lock(&t->resv, NULL);
	map_free(&t->at, sgt, DMA_BIDIRECTIONAL);
	dma_resv_unlock(&t->resv);
}

static void ranges_have_places_of_their_own(struct kunit *test)
{
	struct map_test *t = test->priv;
	struct sg_table *sgt;
	size_t end = 0;
	int i;

	map.iommu = true;
	sgt = map_all(t);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	KUNIT_EXPECT_EQ(test, map.nr, MAP_RANGES);
	for (i = 0; i < MAP_RANGES; i++) {
		KUNIT_EXPECT_EQ(test, map.link[i].phys, t->vec[i].paddr);
		KUNIT_EXPECT_EQ(test, map.link[i].len, t->vec[i].len);
		KUNIT_EXPECT_EQ(test, map.link[i].offset, end);
		end += t->vec[i].len;
	}
	KUNIT_EXPECT_EQ(test, map.synced, t->size);
	KUNIT_EXPECT_EQ(test, sgt->nents, 1);
	KUNIT_EXPECT_EQ(test, sg_dma_address(sgt->sgl), MAP_IOVA);
	KUNIT_EXPECT_EQ(test, sg_dma_len(sgt->sgl), t->size);
	unmap_all(t, sgt);
	KUNIT_EXPECT_EQ(test, map.freed, 1);
	KUNIT_EXPECT_EQ(test, map.destroyed, t->size);
	KUNIT_EXPECT_EQ(test, map.live, 0);
}

/* What has been linked is undone */
static void last_range_cannot_be_linked(struct kunit *test)
{
	struct map_test *t = test->priv;

	map.iommu = true;
	map.fail_at = MAP_RANGES;
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(map_all(t)), -ENOMEM);
	KUNIT_EXPECT_EQ(test, map.destroyed, t->vec[0].len + t->vec[1].len);
	KUNIT_EXPECT_EQ(test, map.live, 0);
}

static void ranges_have_addresses_without_an_iommu(struct kunit *test)
{
	struct map_test *t = test->priv;
	struct scatterlist *sg;
	struct sg_table *sgt;
	int i;

	sgt = map_all(t);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	KUNIT_ASSERT_EQ(test, sgt->nents, MAP_RANGES);
	for_each_sgtable_dma_sg(sgt, sg, i) {
		KUNIT_EXPECT_EQ(test, sg_dma_address(sg), t->vec[i].paddr + MAP_BUS);
		KUNIT_EXPECT_EQ(test, sg_dma_len(sg), t->vec[i].len);
	}
	KUNIT_EXPECT_EQ(test, map.live, MAP_RANGES);
	unmap_all(t, sgt);
	KUNIT_EXPECT_EQ(test, map.freed, MAP_RANGES);
	KUNIT_EXPECT_EQ(test, map.live, 0);
}

static struct kunit_case map_cases[] = {
	KUNIT_CASE(ranges_have_places_of_their_own),
	KUNIT_CASE(last_range_cannot_be_linked),
	KUNIT_CASE(ranges_have_addresses_without_an_iommu),
	{}
};

static struct kunit_suite map_suite = {
	.name		= "vma_owner_dma_buf_mapping",
	.init		= map_init,
	.exit		= map_exit,
	.test_cases	= map_cases,
};

kunit_test_suite(map_suite);
