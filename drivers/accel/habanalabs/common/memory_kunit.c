// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the host memory that the driver pins. Part of memory.c, whose
 * functions they call with a fake device, and memory of a mock owner.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <kunit/vma_owner.h>
#include <kunit/vma_owner_dma.h>
#include <kunit/vma_owner_users.h>
#include <linux/pci.h>

/* As in the two ASICs that see host memory at an offset */
#define HL_TEST_OFFSET	0x8000000000ull

/* One test */
struct hl_test {
	struct kunit		*test;
	struct hl_device	*hdev;
	struct hl_ctx		*ctx;
	struct list_head	job_userptrs;
	u64			addr;
	u64			size;
};

static void hl_test_pdev(struct hl_test *t)
{
	struct pci_dev *pdev = kunit_kzalloc(t->test, sizeof(*pdev), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(t->test, pdev);
	device_initialize(&pdev->dev);
	pdev->dev.init_name = "habanalabs-test";
	pdev->dev.dma_parms = &pdev->dma_parms;
	vom_dma_attach(&pdev->dev);
	KUNIT_ASSERT_EQ(t->test, 0,
			dma_coerce_mask_and_coherent(&pdev->dev,
						     DMA_BIT_MASK(64)));
	dma_set_max_seg_size(&pdev->dev, U32_MAX);
	t->hdev->pdev = pdev;
}

static int hl_test_init(struct kunit *test)
{
	struct hl_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	t->test = test;
	t->hdev = kunit_kzalloc(test, sizeof(*t->hdev), GFP_KERNEL);
	t->ctx = kunit_kzalloc(test, sizeof(*t->ctx), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->hdev);
	KUNIT_ASSERT_NOT_NULL(test, t->ctx);
	t->ctx->hdev = t->hdev;
	t->hdev->dev = kunit_device_register(test, "habanalabs");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t->hdev->dev);
	hl_test_pdev(t);
	t->hdev->asic_prop.pmmu_huge.page_size = SZ_2M;
	t->hdev->asic_prop.device_dma_offset_for_host_access = HL_TEST_OFFSET;
#ifdef CONFIG_DEBUG_FS
	INIT_LIST_HEAD(&t->hdev->hl_debugfs.userptr_list);
	spin_lock_init(&t->hdev->hl_debugfs.userptr_spinlock);
#endif
	INIT_LIST_HEAD(&t->job_userptrs);
	return kunit_attach_mm();
}

static void hl_test_exit(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, vom_dma_is_idle());
}

static bool hl_test_lists_nothing(struct hl_test *t)
{
#ifdef CONFIG_DEBUG_FS
	return list_empty(&t->hdev->hl_debugfs.userptr_list);
#else
	return true;
#endif
}

/* Is every byte of the pinned range where the device shall find it? */
static void hl_test_table(struct hl_test *t, struct vma_owner_mock *m,
			  struct hl_userptr *userptr, unsigned long offset)
{
	unsigned long len = 0;
	struct scatterlist *sg;
	int i;

	for_each_sgtable_dma_sg(userptr->sgt, sg, i) {
		unsigned int n;

		KUNIT_EXPECT_PTR_EQ(t->test, sg_page(sg), NULL);
		for (n = 0; n < sg_dma_len(sg); n++)
			if (sg_dma_address(sg) + n !=
			    HL_TEST_OFFSET + vma_owner_mock_phys(m, offset + len++))
				break;
		KUNIT_EXPECT_EQ(t->test, n, sg_dma_len(sg));
	}
	KUNIT_EXPECT_EQ(t->test, len, userptr->size);
}

/* What the device's MMU is given */
static void hl_test_pack(struct hl_test *t, struct vma_owner_mock *m,
			 struct hl_userptr *userptr, unsigned long offset)
{
	struct hl_vm_phys_pg_pack *pack;
	unsigned int i, first = offset >> PAGE_SHIFT;

	KUNIT_ASSERT_EQ(t->test, 0,
			init_phys_pg_pack_from_userptr(t->ctx, userptr, &pack,
						       false));
	KUNIT_EXPECT_EQ(t->test, pack->offset, offset_in_page(offset));
	KUNIT_EXPECT_EQ(t->test, pack->npages,
			DIV_ROUND_UP(offset_in_page(offset) + userptr->size,
				     PAGE_SIZE));
	for (i = 0; i < pack->npages; i++)
		KUNIT_EXPECT_EQ(t->test, pack->pages[i], HL_TEST_OFFSET +
				page_to_phys(m->pages[first + i]));
	free_phys_pg_pack(t->hdev, pack);
}

struct hl_memory {
	const char	*name;
	unsigned int	what;
	unsigned long	offset;
	unsigned long	size;
	unsigned int	nents;
};

static const struct hl_memory hl_memories[] = {
	{ "extents",		0,		0,	VOM_SIZE, 1 },
	{ "part of extents",	0,		0x1234,	0x1678, 1 },
	{ "dma-buf",		VOM_DMABUF,	0,	VOM_SIZE, 1 },
	{ "part of a dma-buf",	VOM_DMABUF,	0x1234,	0x1678, 1 },
	{ "ordinary",		VOM_ORDINARY,	0,	VOM_SIZE, 1 },
	{ "part of ordinary",	VOM_ORDINARY,	0x1234,	0x1678, 1 },
	{ "scattered extents",	VOM_SCATTERED,	0,	VOM_SIZE, 4 },
	{ "part of scattered extents", VOM_SCATTERED, 0x1234, 0x1678, 2 },
	{ "scattered dma-buf",	VOM_SCATTERED | VOM_DMABUF, 0, VOM_SIZE, 4 },
	{ "scattered ordinary",	VOM_SCATTERED | VOM_ORDINARY, 0x1234, 0x1678,
	  2 },
};

KUNIT_ARRAY_PARAM_DESC(hl_memory, hl_memories, name);

/* For the MMU: held from map to unmap, whatever user space does meanwhile */
static void hl_pins_for_mmu(struct kunit *test)
{
	const struct hl_memory *p = test->param_value;
	struct vma_owner_mock *m = vma_owner_mock(test, p->what);
	unsigned long addr = vma_owner_mock_mmap(m, VOM_RW);
	struct hl_test *t = test->priv;
	struct hl_userptr *userptr;

	KUNIT_ASSERT_EQ(test, 0, dma_map_host_va(t->hdev, addr + p->offset,
						 p->size, &userptr));
	KUNIT_EXPECT_EQ(test, userptr->sgt->nents, p->nents);
	hl_test_table(t, m, userptr, p->offset);
	hl_test_pack(t, m, userptr, p->offset);
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, VOM_SIZE), 0);
	vma_owner_mock_clean(m);
	KUNIT_EXPECT_FALSE(test, vma_owner_mock_is_idle(m));
	dma_unmap_host_va(t->hdev, userptr);
	KUNIT_EXPECT_TRUE(test, vma_owner_mock_is_idle(m));
	KUNIT_EXPECT_TRUE(test, hl_test_lists_nothing(t));
	KUNIT_EXPECT_EQ(test, vma_owner_mock_dirty(m),
			p->what & VOM_ORDINARY ?
			DIV_ROUND_UP(offset_in_page(p->offset) + p->size,
				     PAGE_SIZE) : 0);
}

/* The table of a dma-buf is shared with its other importers */
static void hl_leaves_the_exporters_table_alone(struct kunit *test)
{
	struct vma_owner_mock *m = vma_owner_mock(test, VOM_DMABUF);
	unsigned long addr = vma_owner_mock_mmap(m, VOM_RW);
	struct hl_test *t = test->priv;
	struct hl_userptr *userptr;

	KUNIT_ASSERT_EQ(test, 0, dma_map_host_va(t->hdev, addr, VOM_SIZE,
						 &userptr));
	KUNIT_ASSERT_NOT_NULL(test, m->sgt);
	KUNIT_EXPECT_EQ(test, sg_dma_address(m->sgt->sgl),
			vma_owner_mock_phys(m, 0));
	KUNIT_EXPECT_EQ(test, sg_dma_address(userptr->sgt->sgl),
			vma_owner_mock_phys(m, 0) + HL_TEST_OFFSET);
	dma_unmap_host_va(t->hdev, userptr);
	KUNIT_EXPECT_TRUE(test, vma_owner_mock_is_idle(m));
}

static int hl_test_pin_for_job(struct hl_test *t, u64 addr, u64 size)
{
	struct hl_userptr *userptr = kzalloc_obj(*userptr);
	int rc;

	if (!userptr)
		return -ENOMEM;
	rc = hl_pin_host_memory(t->hdev, addr, size, userptr, DMA_FROM_DEVICE);
	if (rc)
		kfree(userptr);
	else
		list_add_tail(&userptr->job_node, &t->job_userptrs);
	return rc;
}

/* For a job: found by its packets, gone with its list */
static void hl_pins_for_job(struct kunit *test)
{
	struct vma_owner_mock *m = vma_owner_mock(test, 0);
	struct vma_owner_mock *n = vma_owner_mock(test, VOM_DMABUF);
	unsigned long addr = vma_owner_mock_mmap(m, VOM_RW);
	unsigned long next = vma_owner_mock_mmap(n, VOM_RW);
	struct hl_test *t = test->priv;
	struct hl_userptr *userptr;

	KUNIT_ASSERT_EQ(test, hl_test_pin_for_job(t, addr, VOM_SIZE), 0);
	KUNIT_ASSERT_EQ(test, hl_test_pin_for_job(t, next + 8, PAGE_SIZE), 0);
	KUNIT_EXPECT_TRUE(test, hl_userptr_is_pinned(t->hdev, next + 8, PAGE_SIZE,
						     &t->job_userptrs,
						     &userptr));
	KUNIT_EXPECT_EQ(test, userptr->dir, DMA_FROM_DEVICE);
	hl_test_table(t, n, userptr, 8);
	KUNIT_EXPECT_FALSE(test, hl_userptr_is_pinned(t->hdev, next, PAGE_SIZE,
						      &t->job_userptrs,
						      &userptr));
	hl_userptr_delete_list(t->hdev, &t->job_userptrs);
	KUNIT_EXPECT_TRUE(test, vma_owner_mock_is_idle(m));
	KUNIT_EXPECT_TRUE(test, vma_owner_mock_is_idle(n));
	KUNIT_EXPECT_TRUE(test, hl_test_lists_nothing(t));
}

/* The device's accesses to all that its MMU is given */
static void hl_test_device(struct hl_test *t, struct hl_userptr *userptr,
			   bool write, u8 value)
{
	struct scatterlist *sg;
	int i;

	for_each_sgtable_dma_sg(userptr->sgt, sg, i) {
		dma_addr_t addr = sg_dma_address(sg) - HL_TEST_OFFSET;

		if (write)
			vom_device_write(t->test, addr, sg_dma_len(sg), value);
		else
			vom_device_expect(t->test, addr, sg_dma_len(sg), value);
	}
}

static void hl_test_cpu(struct vma_owner_mock *m, const struct hl_memory *p,
			u8 inside, u8 around)
{
	unsigned long end = p->offset + p->size;

	vom_cpu_expect(m, 0, p->offset, around);
	vom_cpu_expect(m, p->offset, p->size, inside);
	vom_cpu_expect(m, end, VOM_SIZE - end, around);
}

/* The device reads what user space wrote, and the other way round */
static void hl_hands_over_for_mmu(struct kunit *test)
{
	const struct hl_memory *p = test->param_value;
	struct vma_owner_mock *m = vma_owner_mock(test, p->what);
	unsigned long addr = vma_owner_mock_mmap(m, VOM_RW);
	struct hl_test *t = test->priv;
	struct hl_userptr *userptr;

	vom_dma_watch(m);
	vom_cpu_write(m, 0, VOM_SIZE, 1);
	KUNIT_ASSERT_EQ(test, 0, dma_map_host_va(t->hdev, addr + p->offset,
						 p->size, &userptr));
	hl_test_device(t, userptr, false, 1);
	hl_test_device(t, userptr, true, 2);
	dma_unmap_host_va(t->hdev, userptr);
	hl_test_cpu(m, p, 2, 1);
}

/* A job's transfer goes one way; of one to the device nothing comes back */
static void hl_test_job(struct kunit *test, enum dma_data_direction dir)
{
	const struct hl_memory *p = test->param_value;
	struct vma_owner_mock *m = vma_owner_mock(test, p->what);
	unsigned long addr = vma_owner_mock_mmap(m, VOM_RW);
	struct hl_userptr *userptr = kzalloc_obj(*userptr);
	struct hl_test *t = test->priv;

	KUNIT_ASSERT_NOT_NULL(test, userptr);
	vom_dma_watch(m);
	vom_cpu_write(m, 0, VOM_SIZE, 1);
	KUNIT_ASSERT_EQ(test, 0, hl_pin_host_memory(t->hdev, addr + p->offset,
						    p->size, userptr, dir));
	list_add_tail(&userptr->job_node, &t->job_userptrs);
	if (dir == DMA_FROM_DEVICE)
		hl_test_device(t, userptr, true, 2);
	else
		hl_test_device(t, userptr, false, 1);
	hl_userptr_delete_list(t->hdev, &t->job_userptrs);
	hl_test_cpu(m, p, dir == DMA_FROM_DEVICE ? 2 : 1, 1);
}

static void hl_hands_over_for_job(struct kunit *test)
{
	hl_test_job(test, DMA_FROM_DEVICE);
}

static void hl_hands_over_to_job(struct kunit *test)
{
	hl_test_job(test, DMA_TO_DEVICE);
}

static int hl_test_pin(struct kunit *test, unsigned long addr,
		       unsigned long size)
{
	struct hl_test *t = test->priv;
	int rc = hl_test_pin_for_job(t, addr, size);

	if (!rc)
		hl_userptr_delete_list(t->hdev, &t->job_userptrs);
	return rc;
}

static int hl_test_map_for_mmu(struct kunit *test, unsigned long addr,
			       unsigned long size)
{
	struct hl_test *t = test->priv;
	struct hl_userptr *userptr;
	int rc;

	rc = dma_map_host_va(t->hdev, addr, size, &userptr);
	if (!rc)
		dma_unmap_host_va(t->hdev, userptr);
	return rc;
}

static void hl_test_refuses(struct kunit *test, const struct vom_refusal *p)
{
	vom_test_refuses(test, p, hl_test_map_for_mmu);
	vom_test_refuses(test, p, hl_test_pin);
	KUNIT_EXPECT_TRUE(test, hl_test_lists_nothing(test->priv));
}

static void hl_refuses(struct kunit *test)
{
	hl_test_refuses(test, test->param_value);
}

static void hl_refuses_halves_of_pages(struct kunit *test)
{
	static const struct vom_refusal halves = {
		"halves", VOM_HALVES, VOM_RW, .ret = -EINVAL
	};

	hl_test_refuses(test, &halves);
}

static void hl_refuses_nothing(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, hl_test_map_for_mmu(test, PAGE_SIZE, 0), -EINVAL);
}

static void hl_does_not_force(struct kunit *test)
{
	vom_test_does_not_force(test, hl_test_pin);
}

static void hl_refuses_revoked(struct kunit *test)
{
	vom_test_refuses_revoked(test, hl_test_pin);
}

static int hl_test_map(void *data)
{
	struct hl_test *t = data;

	return hl_test_map_for_mmu(t->test, t->addr, t->size);
}

/* Whatever cannot be allocated, nothing is left behind */
static void hl_runs_out_of_memory(struct kunit *test)
{
	const struct hl_memory *p = test->param_value;
	struct vma_owner_mock *m = vma_owner_mock(test, p->what);
	struct hl_test *t = test->priv;

	t->addr = vma_owner_mock_mmap(m, VOM_RW) + p->offset;
	t->size = p->size;
	/* the userptr, two tables and their scatterlists at least */
	KUNIT_EXPECT_GE(test, vma_owner_mock_fail_nth(test, hl_test_map, t), 5);
	KUNIT_EXPECT_TRUE(test, vma_owner_mock_is_idle(m));
	KUNIT_EXPECT_TRUE(test, hl_test_lists_nothing(t));
}

static struct kunit_case hl_test_cases[] = {
	KUNIT_CASE_PARAM(hl_pins_for_mmu, hl_memory_gen_params),
	KUNIT_CASE_PARAM(hl_hands_over_for_mmu, hl_memory_gen_params),
	KUNIT_CASE_PARAM(hl_hands_over_for_job, hl_memory_gen_params),
	KUNIT_CASE_PARAM(hl_hands_over_to_job, hl_memory_gen_params),
	KUNIT_CASE(hl_leaves_the_exporters_table_alone),
	KUNIT_CASE(hl_pins_for_job),
	KUNIT_CASE_PARAM(hl_refuses, vom_refusal_gen_params),
	KUNIT_CASE(hl_refuses_halves_of_pages),
	KUNIT_CASE(hl_refuses_nothing),
	KUNIT_CASE(hl_refuses_revoked),
	KUNIT_CASE(hl_does_not_force),
	KUNIT_CASE_PARAM_ATTR(hl_runs_out_of_memory, hl_memory_gen_params,
			      { .speed = KUNIT_SPEED_SLOW }),
	{}
};

static struct kunit_suite hl_test_suite = {
	.name		= "vma_owner_habanalabs",
	.init		= hl_test_init,
	.exit		= hl_test_exit,
	.test_cases	= hl_test_cases,
};

kunit_test_suite(hl_test_suite);

MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
