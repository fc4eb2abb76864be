// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of memory regions of owned memory: a device that has no more than
 * what a umem is mapped for, and memory of a mock owner.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <kunit/vma_owner.h>
#include <kunit/vma_owner_dma.h>
#include <kunit/vma_owner_users.h>
#include <linux/module.h>
#include <rdma/ib_umem.h>
#include <rdma/ib_verbs.h>
#include <rdma/iter.h>

#define UMEM_WRITE	(IB_ACCESS_LOCAL_WRITE | IB_ACCESS_REMOTE_WRITE)
#define UMEM_READ	IB_ACCESS_REMOTE_READ

/* What a device with page tables of its own takes */
static const struct vom_memory umem_memories[] = {
	{ "extents",		0,		0,	VOM_SIZE },
	{ "part of extents",	0,		0x1234,	0x1678 },
	{ "dma-buf",		VOM_DMABUF,	0,	VOM_SIZE },
	{ "part of a dma-buf",	VOM_DMABUF,	0x1234,	0x1678 },
	{ "scattered extents",	VOM_SCATTERED,	0,	VOM_SIZE },
	{ "part of scattered extents", VOM_SCATTERED, 0x1234, 0x1678 },
	{ "scattered dma-buf",	VOM_SCATTERED | VOM_DMABUF, 0x234, 0x1678 },
	{ "one byte of a dma-buf", VOM_DMABUF,	0x2fff,	1 },
};

KUNIT_ARRAY_PARAM_DESC(umem_memory, umem_memories, name);

/* By the CPU if it has no DMA device, as software devices are */
static struct ib_device *umem_test_device(struct kunit *test, bool dma)
{
	struct ib_device *ib = kunit_kzalloc(test, sizeof(*ib), GFP_KERNEL);
	struct device *dev;

	KUNIT_ASSERT_NOT_NULL(test, ib);
	if (!dma)
		return ib;
	dev = kunit_device_register(test, "umem");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	KUNIT_ASSERT_EQ(test, 0,
			dma_coerce_mask_and_coherent(dev, DMA_BIT_MASK(64)));
	ib->dma_device = dev;
	return ib;
}

static int umem_test_init(struct kunit *test)
{
	return kunit_attach_mm();
}

/* Every page that the region touches is where drivers look for it */
static void umem_test_pages(struct kunit *test, struct vma_owner_mock *m,
			    struct ib_umem *umem, unsigned long offset)
{
	unsigned int i, n = 0, first = offset >> PAGE_SHIFT;
	struct scatterlist *sg;
	unsigned long at;

	for_each_sgtable_dma_sg(&umem->sgt_append.sgt, sg, i)
		for (at = 0; at < sg_dma_len(sg); at += PAGE_SIZE, n++)
			KUNIT_EXPECT_EQ(test, sg_dma_address(sg) + at,
					page_to_phys(m->pages[first + n]));
	KUNIT_EXPECT_EQ(test, n, ib_umem_num_pages(umem));
	KUNIT_EXPECT_EQ(test, ib_umem_start_dma_addr(umem),
			vma_owner_mock_phys(m, offset));
}

/* It stays as it was, whatever user space does meanwhile */
static void umem_has_addresses(struct kunit *test)
{
	const struct vom_memory *p = test->param_value;
	struct vma_owner_mock *m = vma_owner_mock(test, p->what);
	unsigned long addr = vma_owner_mock_mmap(m, VOM_RW);
	struct ib_device *ib = umem_test_device(test, true);
	s64 charged = atomic64_read(&current->mm->pinned_vm);
	struct ib_umem *umem;
	u8 byte;

	umem = ib_umem_get_mr_va(ib, addr + p->offset, p->size, UMEM_WRITE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, umem);
	KUNIT_EXPECT_TRUE(test, ib_umem_is_owned(umem));
	KUNIT_EXPECT_TRUE(test, umem->writable);
	KUNIT_EXPECT_EQ(test, umem->address, addr + p->offset);
	KUNIT_EXPECT_EQ(test, umem->length, p->size);
	KUNIT_EXPECT_PTR_EQ(test, ib_umem_vaddr(umem), NULL);
	KUNIT_EXPECT_EQ(test, -EINVAL, ib_umem_copy_from(&byte, umem, 0, 1));
	umem_test_pages(test, m, umem, p->offset);
	KUNIT_EXPECT_EQ(test, PAGE_SIZE,
			ib_umem_find_best_pgsz(umem, PAGE_SIZE,
					       addr + p->offset));
	KUNIT_EXPECT_EQ(test, charged,
			atomic64_read(&current->mm->pinned_vm));
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, VOM_SIZE), 0);
	KUNIT_EXPECT_FALSE(test, vma_owner_mock_is_idle(m));
	umem_test_pages(test, m, umem, p->offset);
	ib_umem_release(umem);
	KUNIT_EXPECT_TRUE(test, vma_owner_mock_is_idle(m));
}

/* Of memory in one piece, which is aligned to its size */
static unsigned long umem_best_block(const struct vom_memory *p)
{
	unsigned long last = p->offset + p->size - 1;

	if (p->offset >> PAGE_SHIFT == last >> PAGE_SHIFT)
		return PAGE_SIZE;
	return VOM_SIZE;
}

/* As mlx5 fills its page table, in pages as large as the memory allows */
static void umem_has_blocks(struct kunit *test)
{
	const struct vom_memory *p = test->param_value;
	struct vma_owner_mock *m = vma_owner_mock(test, p->what);
	unsigned long addr = vma_owner_mock_mmap(m, VOM_RW), pgsz;
	unsigned long at, skipped, last = p->offset + p->size - 1;
	struct ib_block_iter biter;
	struct ib_umem *umem;
	size_t n = 0;
	u64 iova;

	umem = ib_umem_get_mr_va(umem_test_device(test, true),
				 addr + p->offset, p->size, UMEM_WRITE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, umem);
	/* The best that user space could choose */
	iova = ib_umem_start_dma_addr(umem);
	pgsz = ib_umem_find_best_pgsz(umem, PAGE_MASK, iova);
	KUNIT_ASSERT_GE(test, pgsz, PAGE_SIZE);
	if (!(p->what & VOM_SCATTERED))
		KUNIT_EXPECT_EQ(test, pgsz, umem_best_block(p));
	at = p->offset & PAGE_MASK;
	skipped = iova & PAGE_MASK & (pgsz - 1);
	rdma_umem_for_each_dma_block(umem, &biter, pgsz) {
		dma_addr_t block = rdma_block_iter_dma_address(&biter);

		KUNIT_EXPECT_TRUE(test, IS_ALIGNED(block, pgsz));
		for (; skipped < pgsz && at <= last;
		     skipped += PAGE_SIZE, at += PAGE_SIZE)
			KUNIT_EXPECT_EQ(test, block + skipped,
					page_to_phys(m->pages[at >> PAGE_SHIFT]));
		skipped = 0;
		n++;
	}
	KUNIT_EXPECT_GT(test, at, last);
	KUNIT_EXPECT_EQ(test, n, ib_umem_num_dma_blocks(umem, pgsz));
	ib_umem_release(umem);
	KUNIT_EXPECT_TRUE(test, vma_owner_mock_is_idle(m));
}

/* For the CPU, only what has a kernel mapping */
static void umem_has_a_kernel_address(struct kunit *test)
{
	const struct vom_memory *p = test->param_value;
	struct vma_owner_mock *m = vma_owner_mock(test, p->what);
	unsigned long addr = vma_owner_mock_mmap(m, VOM_RW);
	struct ib_device *ib = umem_test_device(test, false);
	struct ib_umem *umem;
	u8 *vaddr, *page;

	if (!IS_ENABLED(CONFIG_INFINIBAND_VIRT_DMA))
		kunit_skip(test, "there are no such devices with HIGHMEM");
	umem = ib_umem_get_mr_va(ib, addr + p->offset, p->size, UMEM_WRITE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, umem);
	vaddr = ib_umem_vaddr(umem);
	KUNIT_ASSERT_NOT_NULL(test, vaddr);
	KUNIT_EXPECT_EQ(test, umem->sgt_append.sgt.nents, 0);
	page = page_address(m->pages[(p->offset + p->size - 1) >> PAGE_SHIFT]);
	vaddr[p->size - 1] = 0x5a;
	KUNIT_EXPECT_EQ(test, 0x5a,
			page[offset_in_page(p->offset + p->size - 1)]);
	ib_umem_release(umem);
	KUNIT_EXPECT_TRUE(test, vma_owner_mock_is_idle(m));
}

/* As before: pages, charged, dirty when they were written */
static void umem_of_ordinary_memory(struct kunit *test)
{
	struct vma_owner_mock *m = vma_owner_mock(test, VOM_ORDINARY);
	unsigned long addr = vma_owner_mock_mmap(m, VOM_RW);
	struct ib_device *ib = umem_test_device(test, true);
	s64 charged = atomic64_read(&current->mm->pinned_vm);
	struct ib_umem *umem;

	umem = ib_umem_get_mr_va(ib, addr + 0x234, PAGE_SIZE, UMEM_WRITE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, umem);
	KUNIT_EXPECT_FALSE(test, ib_umem_is_owned(umem));
	KUNIT_EXPECT_PTR_EQ(test, sg_page(umem->sgt_append.sgt.sgl), m->pages[0]);
	KUNIT_EXPECT_PTR_EQ(test, ib_umem_vaddr(umem), NULL);
	KUNIT_EXPECT_EQ(test, charged + 2,
			atomic64_read(&current->mm->pinned_vm));
	vma_owner_mock_clean(m);
	ib_umem_release(umem);
	KUNIT_EXPECT_EQ(test, vma_owner_mock_dirty(m), 2);
	KUNIT_EXPECT_EQ(test, charged,
			atomic64_read(&current->mm->pinned_vm));
	KUNIT_EXPECT_TRUE(test, vma_owner_mock_is_idle(m));
}

static int umem_test_pin_as(struct ib_device *ib, unsigned long addr,
			    unsigned long size, int access)
{
	struct ib_umem *umem = ib_umem_get_mr_va(ib, addr, size, access);

	if (IS_ERR(umem))
		return PTR_ERR(umem);
	ib_umem_release(umem);
	return 0;
}

static int umem_test_pin(struct kunit *test, unsigned long addr,
			 unsigned long size)
{
	return umem_test_pin_as(umem_test_device(test, true), addr, size,
				UMEM_WRITE);
}

struct umem_pages {
	const char	*name;
	unsigned int	what;
	bool		mixed, dma;
};

static const struct umem_pages umem_pagess[] = {
	{ "without a kernel mapping", VOM_DMABUF, false, false },
	{ "halves of pages", VOM_SCATTERED | VOM_HALVES, false, true },
	{ "before ordinary ones", VOM_DMABUF, true, true },
};

KUNIT_ARRAY_PARAM_DESC(umem_pages, umem_pagess, name);

/* Where an owner cannot help, and GUP can, it does as before */
static void umem_of_pages_of_an_owner(struct kunit *test)
{
	const struct umem_pages *p = test->param_value;
	struct vma_owner_mock *m = vma_owner_mock(test, p->what);
	struct ib_umem *umem;
	unsigned long addr;

	if (!p->dma && !IS_ENABLED(CONFIG_INFINIBAND_VIRT_DMA))
		kunit_skip(test, "there are no such devices with HIGHMEM");
	m->pfnmap = false;
	m->vmap_err = -EOPNOTSUPP;
	addr = vma_owner_mock_mmap(m, VOM_RW);
	if (p->mixed)
		vma_owner_mock_cut(m, addr, true);
	umem = ib_umem_get_mr_va(umem_test_device(test, p->dma), addr, VOM_SIZE,
				 UMEM_WRITE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, umem);
	KUNIT_EXPECT_FALSE(test, ib_umem_is_owned(umem));
	KUNIT_EXPECT_PTR_EQ(test, m->pages[0],
			    sg_page(umem->sgt_append.sgt.sgl));
	ib_umem_release(umem);
	KUNIT_EXPECT_TRUE(test, vma_owner_mock_is_idle(m));
}

/* GUP does not ask the owner, who may refuse a part of the region alone */
static void umem_of_refused_pages(struct kunit *test)
{
	struct vma_owner_mock *m = vma_owner_mock(test, VOM_REVOCABLE);
	struct ib_device *ib = umem_test_device(test, true);
	unsigned long addr;

	m->pfnmap = false;
	addr = vma_owner_mock_mmap(m, VOM_RW);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			umem_test_pin_as(ib, addr, VOM_SIZE, UMEM_WRITE));
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(addr, PAGE_SIZE));
	KUNIT_ASSERT_EQ(test, addr,
			vm_mmap(NULL, addr, PAGE_SIZE, VOM_RW, MAP_PRIVATE |
				MAP_ANONYMOUS | MAP_FIXED, 0));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			umem_test_pin_as(ib, addr, VOM_SIZE, UMEM_WRITE));
	m->tryget_err = -EDQUOT;
	KUNIT_EXPECT_EQ(test, -EDQUOT,
			umem_test_pin_as(ib, addr, VOM_SIZE, UMEM_WRITE));
	KUNIT_EXPECT_TRUE(test, vma_owner_mock_is_idle(m));
}

/* The region ends there, too */
static void umem_ends_within_a_page(struct kunit *test)
{
	struct vma_owner_mock *m = vma_owner_mock(test, 0);
	struct ib_device *ib = umem_test_device(test, true);
	unsigned long addr, size = VOM_SIZE - 100;
	struct ib_umem *umem;

	m->size = size;
	addr = vma_owner_mock_mmap(m, VOM_RW);
	umem = ib_umem_get_mr_va(ib, addr + 8, size - 8, UMEM_WRITE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, umem);
	KUNIT_EXPECT_TRUE(test, ib_umem_is_owned(umem));
	umem_test_pages(test, m, umem, 8);
	ib_umem_release(umem);
	KUNIT_EXPECT_EQ(test, -EFAULT, umem_test_pin_as(ib, addr, size + 1,
							UMEM_WRITE));
	KUNIT_EXPECT_TRUE(test, vma_owner_mock_is_idle(m));
}

/* begin_cpu_access may bring back what a device had, and ended only with the region */
static void umem_has_a_kernel_address_alone(struct kunit *test)
{
	struct vma_owner_mock *m = vma_owner_mock(test, VOM_DMABUF);
	unsigned long addr = vma_owner_mock_mmap(m, VOM_RW);
	struct ib_umem *umem;

	if (!IS_ENABLED(CONFIG_INFINIBAND_VIRT_DMA))
		kunit_skip(test, "there are no such devices with HIGHMEM");
	m->sync = VMA_OWNER_SYNC_UNKNOWN;
	umem = ib_umem_get_mr_va(umem_test_device(test, false), addr, VOM_SIZE,
				 UMEM_WRITE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, umem);
	KUNIT_EXPECT_EQ(test, atomic_read(&m->n.begin_cpu), 0);
	ib_umem_release(umem);
	KUNIT_EXPECT_EQ(test, atomic_read(&m->n.end_cpu), 0);
	KUNIT_EXPECT_TRUE(test, vma_owner_mock_is_idle(m));
}

/* A region that is only read asks for no more, and gets no more */
static void umem_that_is_only_read(struct kunit *test)
{
	struct vma_owner_mock *m = vma_owner_mock(test, VOM_DMABUF);
	unsigned long addr = vma_owner_mock_mmap(m, PROT_READ);
	struct ib_device *ib = umem_test_device(test, true);
	struct ib_umem *umem;

	umem = ib_umem_get_mr_va(ib, addr, VOM_SIZE, UMEM_READ);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, umem);
	KUNIT_EXPECT_FALSE(test, umem->writable);
	KUNIT_EXPECT_EQ(test, m->sgt_dir, DMA_TO_DEVICE);
	KUNIT_EXPECT_EQ(test, -EACCES,
			ib_umem_check_rereg(umem, IB_MR_REREG_ACCESS,
					    UMEM_WRITE));
	ib_umem_release(umem);
	KUNIT_EXPECT_TRUE(test, vma_owner_mock_is_idle(m));
}

static void umem_refuses(struct kunit *test)
{
	vom_test_refuses(test, test->param_value, umem_test_pin);
}

/* Extents that begin, or end and go on, where no page does */
struct umem_shape {
	const char	*name;
	unsigned int	skip;	/* of each one */
	unsigned int	less;	/* of the first one, and more of the last one */
};

static const struct umem_shape umem_shapes[] = {
	{ "begins within a page", .skip = PAGE_SIZE / 2 },
	{ "ends within a page", .less = PAGE_SIZE / 2 },
};

KUNIT_ARRAY_PARAM_DESC(umem_shape, umem_shapes, name);

static const struct umem_shape *umem_shape;
static int (*umem_get_extents)(void *data, u64 offset, u64 len,
			       struct vma_owner_extents *x);

static int umem_get_shaped(void *data, u64 offset, u64 len,
			   struct vma_owner_extents *x)
{
	int ret = umem_get_extents(data, offset, len, x);
	unsigned int i;

	if (ret)
		return ret;
	for (i = 0; i < x->nr; i++)
		x->vec[i].paddr += umem_shape->skip;
	x->vec[0].len -= umem_shape->less;
	x->vec[x->nr - 1].len += umem_shape->less;
	return 0;
}

static void umem_refuses_parts_of_pages(struct kunit *test)
{
	struct vma_owner_mock *m = vma_owner_mock(test, VOM_SCATTERED);
	unsigned long addr = vma_owner_mock_mmap(m, VOM_RW);

	umem_shape = test->param_value;
	umem_get_extents = m->ops.get_extents;
	m->ops.get_extents = umem_get_shaped;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, umem_test_pin(test, addr, VOM_SIZE));
	KUNIT_EXPECT_TRUE(test, vma_owner_mock_is_idle(m));
}

static void umem_does_not_force(struct kunit *test)
{
	vom_test_does_not_force(test, umem_test_pin);
}

static void umem_refuses_revoked(struct kunit *test)
{
	vom_test_refuses_revoked(test, umem_test_pin);
}

/* As of ordinary memory: pages on demand, and any in a guest that is encrypted */
static void umem_refuses_as_before(struct kunit *test)
{
	struct vma_owner_mock *m = vma_owner_mock(test, VOM_DMABUF);
	unsigned long addr = vma_owner_mock_mmap(m, VOM_RW);
	struct ib_device *ib = umem_test_device(test, true);

	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			umem_test_pin_as(ib, addr, VOM_SIZE, UMEM_WRITE |
					 IB_ACCESS_ON_DEMAND));
	ib->cc_dma_bounce = true;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			umem_test_pin_as(ib, addr, VOM_SIZE, UMEM_WRITE));
	KUNIT_EXPECT_TRUE(test, vma_owner_mock_is_idle(m));
}

static void umem_refuses_nothing(struct kunit *test)
{
	struct vma_owner_mock *m = vma_owner_mock(test, 0);
	unsigned long addr = vma_owner_mock_mmap(m, VOM_RW);
	struct ib_device *ib = umem_test_device(test, true);

	/* Sums with the offset that come out as if there was something: for GUP */
	KUNIT_EXPECT_EQ(test, -EFAULT,
			umem_test_pin_as(ib, addr + 8, 0, UMEM_WRITE));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			umem_test_pin_as(ib, addr + 8, ULONG_MAX, UMEM_WRITE));
	KUNIT_EXPECT_TRUE(test, vma_owner_mock_is_idle(m));
}

/* Nobody would sync it, though its owner says how */
static void umem_refuses_what_needs_syncs(struct kunit *test)
{
	struct vma_owner_mock *m = vma_owner_mock(test, 0);
	unsigned long addr = vma_owner_mock_mmap(m, VOM_RW);
	struct ib_device *ib = umem_test_device(test, false);
	struct device *dev = kunit_device_register(test, "incoherent");

	if (!IS_ENABLED(CONFIG_ARCH_HAS_DMA_OPS))
		kunit_skip(test, "needs CONFIG_ARCH_HAS_DMA_OPS");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	vom_dma_attach(dev);
	KUNIT_ASSERT_EQ(test, 0,
			dma_coerce_mask_and_coherent(dev, DMA_BIT_MASK(64)));
	ib->dma_device = dev;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			umem_test_pin_as(ib, addr, VOM_SIZE, UMEM_WRITE));
	KUNIT_EXPECT_TRUE(test, vma_owner_mock_is_idle(m));
	KUNIT_EXPECT_TRUE(test, vom_dma_is_idle());
}

struct umem_call {
	struct ib_device	*ib;
	unsigned long		addr;
};

static int umem_test_call(void *data)
{
	struct umem_call *call = data;

	return umem_test_pin_as(call->ib, call->addr, VOM_SIZE, UMEM_WRITE);
}

static void umem_runs_out_of_memory(struct kunit *test)
{
	const struct vom_memory *p = test->param_value;
	struct vma_owner_mock *m = vma_owner_mock(test, p->what);
	struct umem_call call = {
		.ib = umem_test_device(test, true),
		.addr = vma_owner_mock_mmap(m, VOM_RW),
	};

	KUNIT_EXPECT_GE(test, vma_owner_mock_fail_nth(test, umem_test_call,
						      &call), 2);
	KUNIT_EXPECT_TRUE(test, vma_owner_mock_is_idle(m));
}

static struct kunit_case umem_test_cases[] = {
	KUNIT_CASE_PARAM(umem_has_addresses, umem_memory_gen_params),
	KUNIT_CASE_PARAM(umem_has_blocks, umem_memory_gen_params),
	KUNIT_CASE_PARAM(umem_has_a_kernel_address, umem_memory_gen_params),
	KUNIT_CASE(umem_of_ordinary_memory),
	KUNIT_CASE_PARAM(umem_of_pages_of_an_owner, umem_pages_gen_params),
	KUNIT_CASE(umem_of_refused_pages),
	KUNIT_CASE(umem_ends_within_a_page),
	KUNIT_CASE(umem_has_a_kernel_address_alone),
	KUNIT_CASE(umem_that_is_only_read),
	KUNIT_CASE_PARAM(umem_refuses, vom_refusal_gen_params),
	KUNIT_CASE_PARAM(umem_refuses_parts_of_pages, umem_shape_gen_params),
	KUNIT_CASE(umem_refuses_nothing),
	KUNIT_CASE(umem_does_not_force),
	KUNIT_CASE(umem_refuses_revoked),
	KUNIT_CASE(umem_refuses_as_before),
	KUNIT_CASE(umem_refuses_what_needs_syncs),
	KUNIT_CASE_PARAM_ATTR(umem_runs_out_of_memory, umem_memory_gen_params,
			      { .speed = KUNIT_SPEED_SLOW }),
	{}
};

static struct kunit_suite umem_test_suite = {
	.name		= "vma_owner_umem",
	.init		= umem_test_init,
	.test_cases	= umem_test_cases,
};
kunit_test_suite(umem_test_suite);

MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
