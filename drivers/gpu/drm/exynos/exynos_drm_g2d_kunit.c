// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of what G2D pins. Part of exynos_drm_g2d.c, whose functions they
 * call with a fake device, and memory of a mock owner.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <kunit/vma_owner.h>
#include <kunit/vma_owner_dma.h>
#include <kunit/vma_owner_users.h>

/* One test: a device, and one file open on it */
struct g2d_test {
	struct kunit			*test;
	struct g2d_data			g2d;
	struct drm_device		drm_dev;
	struct exynos_drm_private	priv;
	struct drm_file			file;
	struct drm_exynos_file_private	file_priv;
	bool				open;
	struct g2d_cmdlist		cmdlist[2];
	struct g2d_cmdlist_node		node[2];

	/* for g2d_test_get() */
	unsigned long			addr;
	unsigned long			size;
};

static void g2d_test_open(struct g2d_test *t, struct drm_file *file,
			  struct drm_exynos_file_private *file_priv)
{
	file->driver_priv = file_priv;
	g2d_open(&t->drm_dev, file);
}

static void g2d_test_close(struct g2d_test *t)
{
	t->open = false;
	g2d_close(&t->drm_dev, &t->file);
}

static int g2d_test_init(struct kunit *test)
{
	struct g2d_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	struct device *dev = kunit_device_register(test, "g2d");
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, t);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	vom_dma_attach(dev);
	KUNIT_ASSERT_EQ(test, dma_coerce_mask_and_coherent(dev,
							   DMA_BIT_MASK(64)), 0);
	test->priv = t;
	t->test = test;
	t->drm_dev.dev = dev;
	t->drm_dev.dev_private = &t->priv;
	t->priv.g2d_dev = dev;
	t->g2d.dev = dev;
	t->g2d.drm_dev = &t->drm_dev;
	dev_set_drvdata(dev, &t->g2d);
	INIT_LIST_HEAD(&t->g2d.free_cmdlist);
	INIT_LIST_HEAD(&t->g2d.runqueue);
	mutex_init(&t->g2d.cmdlist_mutex);
	mutex_init(&t->g2d.runqueue_mutex);
	g2d_userptr_pool_init(&t->g2d.userptr_pool, MAX_POOL);
	for (i = 0; i < ARRAY_SIZE(t->node); i++)
		t->node[i].cmdlist = &t->cmdlist[i];
	g2d_test_open(t, &t->file, &t->file_priv);
	t->open = true;
	return kunit_attach_mm();
}

static void g2d_test_exit(struct kunit *test)
{
	struct g2d_test *t = test->priv;

	if (t && t->open)
		g2d_test_close(t);
	KUNIT_EXPECT_TRUE(test, vom_dma_is_idle());
}

/* A command list that names @size bytes at @addr for each register in @regs */
static int g2d_test_set(struct g2d_test *t, struct g2d_cmdlist_node *node,
			unsigned long addr, unsigned long size, ...)
{
	struct drm_exynos_g2d_userptr u = { .userptr = addr, .size = size };
	struct g2d_cmdlist *cmdlist = node->cmdlist;
	unsigned long user;
	va_list regs;
	int reg, ret;

	user = vma_owner_mock_anon(t->test, VOM_RW);
	KUNIT_ASSERT_EQ(t->test, 0,
			copy_to_user((void __user *)user, &u, sizeof(u)));
	cmdlist->last = 0;
	node->buf_info.map_nr = 0;
	va_start(regs, size);
	while ((reg = va_arg(regs, int))) {
		cmdlist->data[cmdlist->last++] =
			(u32)(reg | G2D_BUF_USERPTR);
		cmdlist->data[cmdlist->last++] = user;
		node->buf_info.map_nr++;
	}
	va_end(regs);
	ret = g2d_check_reg_offset(&t->g2d, node, node->buf_info.map_nr, true);
	if (ret)
		return ret;
	ret = g2d_map_cmdlist_gem(&t->g2d, node, &t->drm_dev, &t->file);
	if (ret)
		g2d_unmap_cmdlist_gem(&t->g2d, node, &t->file);
	return ret;
}

/* The engine is done with it */
static void g2d_test_done(struct g2d_test *t, struct g2d_cmdlist_node *node)
{
	mutex_lock(&t->g2d.cmdlist_mutex);
	g2d_unmap_cmdlist_gem(&t->g2d, node, &t->file);
	mutex_unlock(&t->g2d.cmdlist_mutex);
}

static int g2d_test_set_pat(struct g2d_test *t, unsigned long addr,
			    unsigned long size)
{
	return g2d_test_set(t, &t->node[0], addr, size, G2D_PAT_BASE_ADDR, 0);
}

/* Held while a command list uses it, and while it is cached; not thereafter */
static void g2d_pins_until_close(struct kunit *test)
{
	const struct vom_memory *p = test->param_value;
	struct vma_owner_mock *m = vma_owner_mock(test, p->what);
	unsigned long addr = vma_owner_mock_mmap(m, VOM_RW);
	struct g2d_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, 0, g2d_test_set_pat(t, addr + p->offset,
						  p->size));
	KUNIT_EXPECT_EQ(test, t->cmdlist[0].data[1],
			vma_owner_mock_phys(m, p->offset));
	KUNIT_EXPECT_FALSE(test, vma_owner_mock_is_idle(m));
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, VOM_SIZE), 0);
	vma_owner_mock_clean(m);
	KUNIT_EXPECT_FALSE(test, vma_owner_mock_is_idle(m));
	g2d_test_done(t, &t->node[0]);
	KUNIT_EXPECT_FALSE(test, vma_owner_mock_is_idle(m));
	g2d_test_close(t);
	KUNIT_EXPECT_TRUE(test, vma_owner_mock_is_idle(m));
	KUNIT_EXPECT_EQ(test, t->g2d.userptr_pool.size, 0);
	KUNIT_EXPECT_EQ(test, vma_owner_mock_dirty(m), vom_memory_dirty(p));
}

/* The engine blends into what user space has drawn, which sees it at last */
static void g2d_hands_over(struct kunit *test)
{
	const struct vom_memory *p = test->param_value;
	struct vma_owner_mock *m = vma_owner_mock(test, p->what);
	unsigned long addr = vma_owner_mock_mmap(m, VOM_RW);
	struct g2d_test *t = test->priv;
	dma_addr_t dma;

	vom_dma_watch(m);
	t->g2d.userptr_pool.max = 0;
	vom_cpu_write(m, 0, VOM_SIZE, 1);
	KUNIT_ASSERT_EQ(test, 0, g2d_test_set_pat(t, addr + p->offset,
						  p->size));
	dma = t->cmdlist[0].data[1];
	vom_device_expect(test, dma, p->size, 1);
	vom_device_write(test, dma, p->size, 2);
	g2d_test_done(t, &t->node[0]);
	vom_cpu_expect(m, 0, p->offset, 1);
	vom_cpu_expect(m, p->offset, p->size, 2);
	vom_cpu_expect(m, p->offset + p->size,
		       VOM_SIZE - p->offset - p->size, 1);
}

static const struct vom_refusal g2d_scattered[] = {
	{ "extents", VOM_SCATTERED, VOM_RW, .ret = -EFAULT },
	{ "dma-buf", VOM_SCATTERED | VOM_DMABUF, VOM_RW, .ret = -EFAULT },
	{ "ordinary", VOM_SCATTERED | VOM_ORDINARY, VOM_RW, .ret = -EFAULT },
};

KUNIT_ARRAY_PARAM_DESC(g2d_scattered, g2d_scattered, name);

static int g2d_test_pin(struct kunit *test, unsigned long addr,
			unsigned long size)
{
	return g2d_test_set_pat(test->priv, addr, size);
}

static void g2d_refuses(struct kunit *test)
{
	struct g2d_test *t = test->priv;

	vom_test_refuses(test, test->param_value, g2d_test_pin);
	KUNIT_EXPECT_TRUE(test, list_empty(&t->file_priv.userptr_list));
	KUNIT_EXPECT_EQ(test, t->g2d.userptr_pool.size, 0);
}

static void g2d_refuses_scattered(struct kunit *test)
{
	g2d_refuses(test);
}

static void g2d_refuses_nothing(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, g2d_test_pin(test, PAGE_SIZE, 0), -EINVAL);
}

static void g2d_does_not_force(struct kunit *test)
{
	vom_test_does_not_force(test, g2d_test_pin);
}

static void g2d_refuses_revoked(struct kunit *test)
{
	vom_test_refuses_revoked(test, g2d_test_pin);
}

static void g2d_finds_what_is_cached(struct kunit *test)
{
	struct vma_owner_mock *m = vma_owner_mock(test, 0);
	unsigned long addr = vma_owner_mock_mmap(m, VOM_RW);
	struct g2d_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, g2d_test_set_pat(t, addr, VOM_SIZE), 0);
	g2d_test_done(t, &t->node[0]);
	KUNIT_ASSERT_EQ(test, g2d_test_set_pat(t, addr, VOM_SIZE), 0);
	KUNIT_EXPECT_EQ(test, vma_owner_mock_refs(m), 1);
	KUNIT_EXPECT_EQ(test, t->cmdlist[0].data[1], vma_owner_mock_phys(m, 0));
	KUNIT_EXPECT_EQ(test, t->g2d.userptr_pool.size, VOM_SIZE);
	g2d_test_done(t, &t->node[0]);
	g2d_test_close(t);
	KUNIT_EXPECT_TRUE(test, vma_owner_mock_is_idle(m));
}

/* Other memory at the same address is other memory, in use or idle */
static void g2d_replaces_what_is_no_longer_there(struct kunit *test)
{
	struct vma_owner_mock *m = vma_owner_mock(test, 0);
	struct vma_owner_mock *n = vma_owner_mock(test, 0);
	unsigned long addr = vma_owner_mock_mmap(m, VOM_RW);
	struct g2d_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, g2d_test_set_pat(t, addr, VOM_SIZE), 0);
	g2d_test_done(t, &t->node[0]);
	KUNIT_ASSERT_EQ(test, addr, vm_mmap(n->file, addr, VOM_SIZE, VOM_RW,
					    MAP_SHARED | MAP_FIXED, 0));
	KUNIT_ASSERT_EQ(test, g2d_test_set_pat(t, addr, VOM_SIZE), 0);
	KUNIT_EXPECT_EQ(test, t->cmdlist[0].data[1], vma_owner_mock_phys(n, 0));
	KUNIT_EXPECT_EQ(test, t->g2d.userptr_pool.size, VOM_SIZE);
	KUNIT_EXPECT_TRUE(test, vma_owner_mock_is_idle(m));
	KUNIT_ASSERT_EQ(test, addr, vm_mmap(m->file, addr, VOM_SIZE, VOM_RW,
					    MAP_SHARED | MAP_FIXED, 0));
	KUNIT_ASSERT_EQ(test, 0, g2d_test_set(t, &t->node[1], addr, VOM_SIZE,
					      G2D_PAT_BASE_ADDR, 0));
	KUNIT_EXPECT_EQ(test, t->cmdlist[1].data[1], vma_owner_mock_phys(m, 0));
	KUNIT_EXPECT_EQ(test, vma_owner_mock_refs(n), 1);
	g2d_test_done(t, &t->node[0]);
	KUNIT_EXPECT_TRUE(test, vma_owner_mock_is_idle(n));
	g2d_test_done(t, &t->node[1]);
	g2d_test_close(t);
	KUNIT_EXPECT_TRUE(test, vma_owner_mock_is_idle(m));
}

/* The same address with another size, while the first is in use */
static void g2d_replaces_what_is_used(struct kunit *test)
{
	struct vma_owner_mock *m = vma_owner_mock(test, 0);
	unsigned long addr = vma_owner_mock_mmap(m, VOM_RW);
	struct g2d_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, 0, g2d_test_set(t, &t->node[0], addr, VOM_SIZE,
					      G2D_PAT_BASE_ADDR, 0));
	vom_dma_map_once_more();
	KUNIT_ASSERT_EQ(test, 0, g2d_test_set(t, &t->node[1], addr, PAGE_SIZE,
					      G2D_PAT_BASE_ADDR, 0));
	KUNIT_EXPECT_EQ(test, vma_owner_mock_refs(m), 2);
	KUNIT_EXPECT_EQ(test, t->g2d.userptr_pool.size, PAGE_SIZE);
	g2d_test_done(t, &t->node[1]);
	KUNIT_EXPECT_EQ(test, vma_owner_mock_refs(m), 2);
	/* What was replaced is not found again */
	vom_dma_map_once_more();
	KUNIT_ASSERT_EQ(test, 0, g2d_test_set(t, &t->node[1], addr, VOM_SIZE,
					      G2D_PAT_BASE_ADDR, 0));
	KUNIT_EXPECT_EQ(test, atomic_read(&m->n.tryget), 3);
	g2d_test_done(t, &t->node[0]);
	g2d_test_done(t, &t->node[1]);
	KUNIT_EXPECT_EQ(test, vma_owner_mock_refs(m), 1);
	g2d_test_close(t);
	KUNIT_EXPECT_TRUE(test, vma_owner_mock_is_idle(m));
}

/* ... and while it is only cached: nobody else would ever put it */
static void g2d_replaces_what_is_idle(struct kunit *test)
{
	struct vma_owner_mock *m = vma_owner_mock(test, 0);
	unsigned long addr = vma_owner_mock_mmap(m, VOM_RW);
	struct g2d_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, g2d_test_set_pat(t, addr, VOM_SIZE), 0);
	g2d_test_done(t, &t->node[0]);
	vom_dma_map_once_more();
	KUNIT_ASSERT_EQ(test, g2d_test_set_pat(t, addr, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, vma_owner_mock_refs(m), 1);
	KUNIT_EXPECT_EQ(test, t->g2d.userptr_pool.size, PAGE_SIZE);
	g2d_test_done(t, &t->node[0]);
	g2d_test_close(t);
	KUNIT_EXPECT_TRUE(test, vma_owner_mock_is_idle(m));
}

static void g2d_unpins_what_is_not_cached(struct kunit *test)
{
	struct vma_owner_mock *m = vma_owner_mock(test, 0);
	unsigned long addr = vma_owner_mock_mmap(m, VOM_RW);
	struct g2d_test *t = test->priv;

	t->g2d.userptr_pool.max = VOM_SIZE;
	KUNIT_ASSERT_EQ(test, g2d_test_set_pat(t, addr, VOM_SIZE), 0);
	KUNIT_EXPECT_FALSE(test, vma_owner_mock_is_idle(m));
	KUNIT_EXPECT_EQ(test, t->g2d.userptr_pool.size, 0);
	g2d_test_done(t, &t->node[0]);
	KUNIT_EXPECT_TRUE(test, vma_owner_mock_is_idle(m));
}

/* Twelve are twice as many as there is room for */
static void g2d_refuses_registers_named_twice(struct kunit *test)
{
	struct vma_owner_mock *m = vma_owner_mock(test, 0);
	unsigned long addr = vma_owner_mock_mmap(m, VOM_RW);
	struct g2d_test *t = test->priv;
	struct g2d_cmdlist_node *node = &t->node[0];

	KUNIT_EXPECT_EQ(test, -EINVAL,
			g2d_test_set(t, node, addr, VOM_SIZE, G2D_PAT_BASE_ADDR,
				     G2D_PAT_BASE_ADDR, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			g2d_test_set(t, node, addr, VOM_SIZE, G2D_PAT_BASE_ADDR,
				     G2D_MSK_BASE_ADDR,
				     G2D_SRC_PLANE2_BASE_ADDR,
				     G2D_DST_PLANE2_BASE_ADDR,
				     G2D_PAT_BASE_ADDR, G2D_MSK_BASE_ADDR,
				     G2D_SRC_PLANE2_BASE_ADDR,
				     G2D_DST_PLANE2_BASE_ADDR,
				     G2D_PAT_BASE_ADDR, G2D_MSK_BASE_ADDR,
				     G2D_SRC_PLANE2_BASE_ADDR,
				     G2D_DST_PLANE2_BASE_ADDR, 0));
	KUNIT_EXPECT_EQ(test, atomic_read(&m->n.tryget), 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&t->file_priv.userptr_list));
}

/* The same memory for two registers: one pin, which both of them hold */
static void g2d_shares_a_pin_in_a_list(struct kunit *test)
{
	struct vma_owner_mock *m = vma_owner_mock(test, 0);
	unsigned long addr = vma_owner_mock_mmap(m, VOM_RW);
	struct g2d_test *t = test->priv;

	t->g2d.userptr_pool.max = 0;
	KUNIT_ASSERT_EQ(test, 0, g2d_test_set(t, &t->node[0], addr, VOM_SIZE,
					      G2D_PAT_BASE_ADDR,
					      G2D_MSK_BASE_ADDR, 0));
	KUNIT_EXPECT_EQ(test, vma_owner_mock_refs(m), 1);
	KUNIT_EXPECT_FALSE(test, vma_owner_mock_is_idle(m));
	g2d_test_done(t, &t->node[0]);
	KUNIT_EXPECT_TRUE(test, vma_owner_mock_is_idle(m));
}

/* A command list that was set and never run */
static void g2d_closes_what_is_in_use(struct kunit *test)
{
	struct vma_owner_mock *m = vma_owner_mock(test, 0);
	unsigned long addr = vma_owner_mock_mmap(m, VOM_RW);
	struct g2d_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, g2d_test_set_pat(t, addr, VOM_SIZE), 0);
	g2d_add_cmdlist_to_inuse(&t->file_priv, &t->node[0]);
	g2d_test_close(t);
	KUNIT_EXPECT_TRUE(test, vma_owner_mock_is_idle(m));
}

/* Closing one file leaves another's pins, and their share of the pool, alone */
static void g2d_closes_one_of_two_files(struct kunit *test)
{
	struct vma_owner_mock *m = vma_owner_mock(test, 0);
	unsigned long addr = vma_owner_mock_mmap(m, VOM_RW);
	struct drm_exynos_file_private other_priv;
	struct drm_file other = {};
	struct g2d_test *t = test->priv;
	dma_addr_t *dma_addr;
	void *obj;

	g2d_test_open(t, &other, &other_priv);
	KUNIT_ASSERT_EQ(test, g2d_test_set_pat(t, addr, VOM_SIZE), 0);
	g2d_test_done(t, &t->node[0]);
	vom_dma_map_once_more();
	dma_addr = g2d_userptr_get_dma_addr(&t->g2d.userptr_pool, &t->drm_dev,
					    addr, VOM_SIZE, &other, &obj);
	KUNIT_EXPECT_FALSE(test, IS_ERR(dma_addr));
	KUNIT_EXPECT_EQ(test, t->g2d.userptr_pool.size, 2 * VOM_SIZE);
	KUNIT_EXPECT_EQ(test, vma_owner_mock_refs(m), 2);
	g2d_userptr_put_dma_addr(&t->g2d.userptr_pool, obj);
	g2d_close(&t->drm_dev, &other);
	KUNIT_EXPECT_EQ(test, t->g2d.userptr_pool.size, VOM_SIZE);
	KUNIT_EXPECT_EQ(test, vma_owner_mock_refs(m), 1);
	g2d_test_close(t);
	KUNIT_EXPECT_TRUE(test, vma_owner_mock_is_idle(m));
}

static int g2d_test_get(void *data)
{
	struct g2d_test *t = data;
	dma_addr_t *addr;
	void *obj;

	addr = g2d_userptr_get_dma_addr(&t->g2d.userptr_pool, &t->drm_dev,
					t->addr, t->size, &t->file, &obj);
	if (IS_ERR(addr))
		return PTR_ERR(addr);
	g2d_userptr_put_dma_addr(&t->g2d.userptr_pool, obj);
	return 0;
}

/* Whatever cannot be allocated, nothing is left behind */
static void g2d_runs_out_of_memory(struct kunit *test)
{
	const struct vom_memory *p = test->param_value;
	struct vma_owner_mock *m = vma_owner_mock(test, p->what);
	struct g2d_test *t = test->priv;

	t->g2d.userptr_pool.max = 0;
	t->addr = vma_owner_mock_mmap(m, VOM_RW) + p->offset;
	t->size = p->size;
	/* the userptr, the table and its scatterlist at least */
	KUNIT_EXPECT_GE(test, vma_owner_mock_fail_nth(test, g2d_test_get, t), 3);
	KUNIT_EXPECT_TRUE(test, vma_owner_mock_is_idle(m));
	KUNIT_EXPECT_TRUE(test, list_empty(&t->file_priv.userptr_list));
}

static struct kunit_case g2d_test_cases[] = {
	KUNIT_CASE_PARAM(g2d_pins_until_close, vom_memory_gen_params),
	KUNIT_CASE_PARAM(g2d_hands_over, vom_memory_gen_params),
	KUNIT_CASE_PARAM(g2d_refuses, vom_refusal_gen_params),
	KUNIT_CASE_PARAM(g2d_refuses_scattered, g2d_scattered_gen_params),
	KUNIT_CASE(g2d_refuses_nothing),
	KUNIT_CASE(g2d_refuses_revoked),
	KUNIT_CASE(g2d_does_not_force),
	KUNIT_CASE(g2d_finds_what_is_cached),
	KUNIT_CASE(g2d_replaces_what_is_no_longer_there),
	KUNIT_CASE(g2d_replaces_what_is_used),
	KUNIT_CASE(g2d_replaces_what_is_idle),
	KUNIT_CASE(g2d_unpins_what_is_not_cached),
	KUNIT_CASE(g2d_refuses_registers_named_twice),
	KUNIT_CASE(g2d_shares_a_pin_in_a_list),
	KUNIT_CASE(g2d_closes_what_is_in_use),
	KUNIT_CASE(g2d_closes_one_of_two_files),
	KUNIT_CASE_PARAM_ATTR(g2d_runs_out_of_memory, vom_memory_gen_params,
			      { .speed = KUNIT_SPEED_SLOW }),
	{}
};

static struct kunit_suite g2d_test_suite = {
	.name		= "vma_owner_exynos_g2d",
	.init		= g2d_test_init,
	.exit		= g2d_test_exit,
	.test_cases	= g2d_test_cases,
};

kunit_test_suite(g2d_test_suite);

MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
