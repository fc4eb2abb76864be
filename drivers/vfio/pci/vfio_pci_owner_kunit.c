// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the owner of BARs. Part of vfio_pci_owner.c, whose functions
 * they call for a device that is not there: its BARs lie where nothing is, and
 * nobody accesses them.
 */
#include <kunit/test.h>
#include <kunit/test-bug.h>
#include <kunit/vma_owner.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/mman.h>
#include <linux/uaccess.h>

#define OWNER_TEST_BAR		2
#define OWNER_TEST_START	0xfe000000ull
#define OWNER_TEST_SIZE		(2 * PAGE_SIZE + 512)
#define OWNER_TEST_OFFSET	PAGE_SIZE
#define OWNER_TEST_RESET_MS	100

/* An importer */
struct owner_test_pin {
	struct vma_pin		pin;
	int			temporary;
	int			permanent;
	int			restored;
	bool			findable;	/* when told that it is for good */
};

struct owner_test {
	struct vfio_pci_core_device vdev;
	struct pci_dev		pdev;
	struct pci_bus		bus;
	struct pci_ops		bus_ops;
	u32			command;
	bool			broken;		/* writes fail */
	u8			vconfig[PCI_CFG_SPACE_SIZE];
	u8			map[PCI_CFG_SPACE_SIZE];
	struct vma_owner_mock	*file;
	unsigned long		addr;
	struct completion	waking, awake;
	bool			woken;
};

static struct owner_test *owner_test(void)
{
	return kunit_get_current_test()->priv;
}

/* ---- the device ---- */

static int owner_test_read(struct pci_bus *bus, unsigned int devfn, int where,
			   int size, u32 *val)
{
	struct owner_test *t = container_of(bus, struct owner_test, bus);

	*val = where == PCI_COMMAND ? t->command : 0;
	return PCIBIOS_SUCCESSFUL;
}

static int owner_test_write(struct pci_bus *bus, unsigned int devfn, int where,
			    int size, u32 val)
{
	struct owner_test *t = container_of(bus, struct owner_test, bus);

	if (t->broken)
		return PCIBIOS_DEVICE_NOT_FOUND;
	if (where == PCI_COMMAND)
		t->command = val;
	return PCIBIOS_SUCCESSFUL;
}

static void owner_test_make_device(struct owner_test *t)
{
	struct resource *res = &t->pdev.resource[OWNER_TEST_BAR];

	t->bus_ops = (struct pci_ops) {
		.read	= owner_test_read,
		.write	= owner_test_write,
	};
	t->bus.ops = &t->bus_ops;
	t->command = PCI_COMMAND_MEMORY;
	t->pdev.bus = &t->bus;
	t->pdev.cfg_size = PCI_CFG_SPACE_SIZE;
	/* There is no p2pdma, and nobody asks for it */
	t->pdev.non_mappable_bars = 1;
	*res = DEFINE_RES_MEM(OWNER_TEST_START, OWNER_TEST_SIZE);
	t->vdev.pdev = &t->pdev;
	t->vdev.vconfig = t->vconfig;
	t->vdev.pci_config_map = t->map;
	t->vdev.vdev.inode = file_inode(t->file->file);
	init_rwsem(&t->vdev.memory_lock);
	INIT_LIST_HEAD(&t->vdev.dmabufs);
}

/* What decode and power are, and what is done when they change */
static void owner_test_set(struct owner_test *t, bool decode, pci_power_t power)
{
	__le16 *command = (__le16 *)&t->vconfig[PCI_COMMAND];

	*command = cpu_to_le16(decode ? PCI_COMMAND_MEMORY : 0);
	t->pdev.current_state = power;
}

static void owner_test_move(struct owner_test *t, bool revoked)
{
	down_write(&t->vdev.memory_lock);
	vfio_pci_dma_buf_move(&t->vdev, revoked);
	up_write(&t->vdev.memory_lock);
}

static void owner_test_open(struct owner_test *t)
{
	vfio_pci_owner_begin(&t->vdev);
	KUNIT_ASSERT_NOT_NULL(kunit_get_current_test(), t->vdev.owner);
}

/* ---- its mapping ---- */

static const struct vm_operations_struct owner_test_vm_ops = {
	.owner_ops = &vfio_pci_owner_ops,
};

static int owner_test_mmap(struct file *file, struct vm_area_struct *vma)
{
	vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_private_data = &owner_test()->vdev;
	vma->vm_ops = &owner_test_vm_ops;
	return 0;
}

static unsigned long owner_test_map(struct owner_test *t, int bar,
				    unsigned long len)
{
	return vm_mmap(t->file->file, 0, len, PROT_READ | PROT_WRITE,
		       MAP_SHARED,
		       VFIO_PCI_INDEX_TO_OFFSET(bar) + OWNER_TEST_OFFSET);
}

static int owner_test_init(struct kunit *test)
{
	struct owner_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	int ret;

	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	ret = kunit_attach_mm();
	if (ret)
		return ret;
	t->file = vma_owner_mock(test, VOM_NOBODYS);
	t->file->in_mmap = owner_test_mmap;
	owner_test_make_device(t);
	owner_test_set(t, true, PCI_D0);
	owner_test_open(t);
	t->addr = owner_test_map(t, OWNER_TEST_BAR, 2 * PAGE_SIZE);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(t->addr));
	return 0;
}

static void owner_test_exit(struct kunit *test)
{
	struct owner_test *t = test->priv;

	if (!t || !t->vdev.pdev)
		return;
	vfio_pci_owner_end(&t->vdev);
	KUNIT_EXPECT_NULL(test, t->vdev.owner);
}

/* ---- importers ---- */

static void owner_test_invalidate(struct vma_pin *pin, enum vma_owner_loss why)
{
	struct owner_test_pin *p = container_of(pin, struct owner_test_pin, pin);

	if (why == VMA_OWNER_PERMANENT) {
		p->permanent++;
		p->findable = owner_test()->vdev.owner;
	} else {
		p->temporary++;
	}
}

static int owner_test_restore(struct vma_pin *pin)
{
	container_of(pin, struct owner_test_pin, pin)->restored++;
	return 0;
}

static const struct vma_pin_client owner_test_client = {
	.name		= "owner-test",
	.invalidate	= owner_test_invalidate,
	.restore	= owner_test_restore,
};

static const struct vma_pin_client owner_test_static_client = {
	.name		= "owner-test-static",
};

static int owner_test_pin(struct owner_test *t, struct owner_test_pin *p,
			  size_t len)
{
	*p = (struct owner_test_pin) {};
	return vma_pin_user(&p->pin, t->addr, len, VMA_PIN_WRITE,
			    &owner_test_client);
}

/* How often until now */
static void owner_test_told(struct kunit *test, const struct owner_test_pin *p,
			    int temporary, int restored)
{
	KUNIT_EXPECT_EQ(test, temporary, p->temporary);
	KUNIT_EXPECT_EQ(test, restored, p->restored);
}

/* ---- cases ---- */

static void owner_test_names_the_bar(struct kunit *test)
{
	struct owner_test *t = test->priv;
	struct vma_owner_extents x = {};
	struct owner_test_pin p;

	KUNIT_ASSERT_EQ(test, 0, owner_test_pin(t, &p, PAGE_SIZE));
	KUNIT_EXPECT_TRUE(test, vma_pin_is_owned(&p.pin));
	KUNIT_EXPECT_EQ(test, OWNER_TEST_OFFSET, p.pin.ref.offset);
	KUNIT_EXPECT_EQ(test, 3 * PAGE_SIZE, p.pin.ref.size);
	KUNIT_ASSERT_EQ(test, 0,
			p.pin.ref.ops->get_extents(p.pin.ref.obj,
						   p.pin.ref.offset, PAGE_SIZE,
						   &x));
	KUNIT_EXPECT_EQ(test, OWNER_TEST_START + OWNER_TEST_OFFSET,
			x.vec[0].paddr);
	KUNIT_EXPECT_EQ(test, PAGE_SIZE, x.vec[0].len);
	KUNIT_EXPECT_EQ(test, 1, x.nr);
	KUNIT_EXPECT_EQ(test, VMA_OWNER_MMIO, x.type);
	p.pin.ref.ops->put_extents(p.pin.ref.obj, &x);
	vma_unpin(&p.pin);
}

static void owner_test_ends_with_the_last_page(struct kunit *test)
{
	struct owner_test *t = test->priv;
	struct owner_test_pin p;

	KUNIT_EXPECT_EQ(test, 0, owner_test_pin(t, &p, 2 * PAGE_SIZE));
	vma_unpin(&p.pin);
	/* mmap refuses it; should it ever not */
	t->addr = owner_test_map(t, OWNER_TEST_BAR, 3 * PAGE_SIZE);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(t->addr));
	KUNIT_EXPECT_EQ(test, -EFAULT, owner_test_pin(t, &p, 3 * PAGE_SIZE));
	/* Nor is the ROM a BAR */
	t->addr = owner_test_map(t, PCI_STD_NUM_BARS, PAGE_SIZE);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(t->addr));
	KUNIT_EXPECT_EQ(test, -EFAULT, owner_test_pin(t, &p, PAGE_SIZE));
}

/* A driver that has memory of its own behind a BAR */
static int owner_test_own_phys(struct vfio_pci_core_device *vdev,
			       struct p2pdma_provider **provider,
			       unsigned int index, struct phys_vec *vec,
			       struct vfio_region_dma_range *ranges, size_t nr)
{
	if (index != OWNER_TEST_BAR || nr != 1 || ranges->length > PAGE_SIZE)
		return -EINVAL;
	vec->paddr = ranges->offset;
	vec->len = ranges->length;
	return 0;
}

static void owner_test_asks_the_driver(struct kunit *test)
{
	static const struct vfio_pci_device_ops ops = {
		.get_dmabuf_phys = owner_test_own_phys,
	};
	struct owner_test *t = test->priv;
	struct vma_owner_extents x = {};
	struct owner_test_pin p;

	if (!IS_ENABLED(CONFIG_VFIO_PCI_DMABUF))
		kunit_skip(test, "no driver can say");
	t->vdev.pci_ops = &ops;
	KUNIT_ASSERT_EQ(test, 0, owner_test_pin(t, &p, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			p.pin.ref.ops->get_extents(p.pin.ref.obj, 0,
						   2 * PAGE_SIZE, &x));
	KUNIT_ASSERT_EQ(test, 0,
			p.pin.ref.ops->get_extents(p.pin.ref.obj,
						   p.pin.ref.offset, PAGE_SIZE,
						   &x));
	KUNIT_EXPECT_EQ(test, OWNER_TEST_OFFSET, x.vec[0].paddr);
	p.pin.ref.ops->put_extents(p.pin.ref.obj, &x);
	vma_unpin(&p.pin);
}

/* Without dma-bufs each driver has a function that only says that it cannot */
static int owner_test_no_phys(struct vfio_pci_core_device *vdev,
			      struct p2pdma_provider **provider,
			      unsigned int index, struct phys_vec *vec,
			      struct vfio_region_dma_range *ranges, size_t nr)
{
	return -EOPNOTSUPP;
}

static void owner_test_asks_nobody_without_dma_bufs(struct kunit *test)
{
	static const struct vfio_pci_device_ops ops = {
		.get_dmabuf_phys = owner_test_no_phys,
	};
	struct owner_test *t = test->priv;
	struct vma_owner_extents x = {};
	struct owner_test_pin p;

	if (IS_ENABLED(CONFIG_VFIO_PCI_DMABUF))
		kunit_skip(test, "there are dma-bufs");
	t->vdev.pci_ops = &ops;
	KUNIT_ASSERT_EQ(test, 0, owner_test_pin(t, &p, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 3 * PAGE_SIZE, p.pin.ref.size);
	KUNIT_ASSERT_EQ(test, 0,
			p.pin.ref.ops->get_extents(p.pin.ref.obj,
						   p.pin.ref.offset, PAGE_SIZE,
						   &x));
	KUNIT_EXPECT_EQ(test, OWNER_TEST_START + OWNER_TEST_OFFSET,
			x.vec[0].paddr);
	p.pin.ref.ops->put_extents(p.pin.ref.obj, &x);
	vma_unpin(&p.pin);
}

/* Whoever revokes says so as often as it likes */
static void owner_test_tells_edges(struct kunit *test)
{
	struct owner_test *t = test->priv;
	struct owner_test_pin p, late;

	KUNIT_ASSERT_EQ(test, 0, owner_test_pin(t, &p, PAGE_SIZE));
	owner_test_move(t, false);
	owner_test_told(test, &p, 0, 0);
	owner_test_move(t, true);
	owner_test_move(t, true);
	owner_test_told(test, &p, 1, 0);
	KUNIT_EXPECT_EQ(test, -ENODEV, owner_test_pin(t, &late, PAGE_SIZE));
	owner_test_move(t, false);
	owner_test_move(t, false);
	owner_test_told(test, &p, 1, 1);
	KUNIT_EXPECT_EQ(test, 0, owner_test_pin(t, &late, PAGE_SIZE));
	vma_unpin(&late.pin);
	vma_unpin(&p.pin);
}

/* The memory is back when the last of its causes is gone */
static void owner_test_waits_for_every_cause(struct kunit *test)
{
	struct owner_test *t = test->priv;
	struct owner_test_pin p;

	KUNIT_ASSERT_EQ(test, 0, owner_test_pin(t, &p, PAGE_SIZE));
	owner_test_set(t, false, PCI_D0);
	owner_test_move(t, true);
	owner_test_set(t, false, PCI_D3hot);
	owner_test_move(t, true);
	t->vdev.pm_runtime_engaged = true;
	owner_test_move(t, true);
	owner_test_told(test, &p, 1, 0);

	owner_test_set(t, true, PCI_D3hot);
	owner_test_move(t, false);
	owner_test_told(test, &p, 1, 0);
	owner_test_set(t, true, PCI_D0);
	owner_test_move(t, false);
	owner_test_told(test, &p, 1, 0);
	t->vdev.pm_runtime_engaged = false;
	owner_test_set(t, false, PCI_D0);
	owner_test_move(t, false);
	owner_test_told(test, &p, 1, 0);
	owner_test_set(t, true, PCI_D0);
	owner_test_move(t, false);
	owner_test_told(test, &p, 1, 1);
	vma_unpin(&p.pin);
}

static void owner_test_is_opened_without_decode(struct kunit *test)
{
	struct owner_test *t = test->priv;
	struct owner_test_pin p;

	vfio_pci_owner_end(&t->vdev);
	owner_test_set(t, false, PCI_D0);
	owner_test_open(t);
	KUNIT_EXPECT_EQ(test, -ENODEV, owner_test_pin(t, &p, PAGE_SIZE));
	owner_test_set(t, true, PCI_D0);
	owner_test_move(t, false);
	KUNIT_ASSERT_EQ(test, 0, owner_test_pin(t, &p, PAGE_SIZE));
	vma_unpin(&p.pin);
}

static void owner_test_is_closed_while_revoked(struct kunit *test)
{
	struct owner_test *t = test->priv;
	struct owner_test_pin p;

	KUNIT_ASSERT_EQ(test, 0, owner_test_pin(t, &p, PAGE_SIZE));
	owner_test_move(t, true);
	vfio_pci_owner_end(&t->vdev);
	owner_test_told(test, &p, 1, 0);
	KUNIT_EXPECT_EQ(test, 1, p.permanent);
	/* The core has dropped the object */
	KUNIT_EXPECT_NULL(test, p.pin.ref.ops);
	/* As vfio_pci_core_disable() does, when nobody is left */
	owner_test_move(t, false);
	owner_test_told(test, &p, 1, 0);
	vma_unpin(&p.pin);
}

/* Whoever takes and gives back, as a device does that wakes up, finds nothing */
static void owner_test_is_not_found_when_it_ends(struct kunit *test)
{
	struct owner_test *t = test->priv;
	struct owner_test_pin p;

	KUNIT_ASSERT_EQ(test, 0, owner_test_pin(t, &p, PAGE_SIZE));
	vfio_pci_owner_end(&t->vdev);
	KUNIT_EXPECT_EQ(test, 1, p.permanent);
	KUNIT_EXPECT_FALSE(test, p.findable);
	vma_unpin(&p.pin);
}

/* As vfio_pci_core_runtime_resume() does, in a thread of its own */
static int owner_test_wake_up(void *data)
{
	struct owner_test *t = data;

	down_write(&t->vdev.memory_lock);
	complete(&t->waking);
	msleep(100);
	vfio_pci_dma_buf_move(&t->vdev, true);
	vfio_pci_dma_buf_move(&t->vdev, false);
	WRITE_ONCE(t->woken, true);
	up_write(&t->vdev.memory_lock);
	complete(&t->awake);
	return 0;
}

static void owner_test_is_closed_while_it_wakes_up(struct kunit *test)
{
	struct owner_test *t = test->priv;
	struct owner_test_pin p;

	KUNIT_ASSERT_EQ(test, 0, owner_test_pin(t, &p, PAGE_SIZE));
	init_completion(&t->waking);
	init_completion(&t->awake);
	KUNIT_ASSERT_FALSE(test,
			   IS_ERR(kthread_run(owner_test_wake_up, t,
					      "owner-test")));
	wait_for_completion(&t->waking);
	vfio_pci_owner_end(&t->vdev);
	KUNIT_EXPECT_TRUE(test, READ_ONCE(t->woken));
	wait_for_completion(&t->awake);
	owner_test_told(test, &p, 1, 1);
	KUNIT_EXPECT_EQ(test, 1, p.permanent);
	vma_unpin(&p.pin);
}

static void owner_test_is_opened_again(struct kunit *test)
{
	struct owner_test *t = test->priv;
	struct owner_test_pin old, new;

	KUNIT_ASSERT_EQ(test, 0, owner_test_pin(t, &old, PAGE_SIZE));
	vfio_pci_owner_end(&t->vdev);
	KUNIT_EXPECT_EQ(test, 1, old.permanent);
	owner_test_open(t);
	KUNIT_ASSERT_EQ(test, 0, owner_test_pin(t, &new, PAGE_SIZE));
	owner_test_move(t, true);
	owner_test_move(t, false);
	owner_test_told(test, &old, 0, 0);
	owner_test_told(test, &new, 1, 1);
	KUNIT_EXPECT_EQ(test, 1, old.permanent);
	vma_unpin(&old.pin);
	vma_unpin(&new.pin);
}

static void owner_test_has_none(struct kunit *test)
{
	struct owner_test *t = test->priv;
	struct owner_test_pin p;

	vfio_pci_owner_end(&t->vdev);
	/* A device of a set that is reset may not be open */
	owner_test_move(t, true);
	owner_test_move(t, false);
	KUNIT_EXPECT_EQ(test, -ENOMEM, owner_test_pin(t, &p, PAGE_SIZE));
}

static ssize_t owner_test_write_command(struct owner_test *t, u16 command)
{
	unsigned long buf = vm_mmap(NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, 0);
	loff_t pos = PCI_COMMAND;

	if (IS_ERR_VALUE(buf) || put_user(command, (u16 __user *)buf))
		return -ENOMEM;
	return vfio_pci_config_rw(&t->vdev, (char __user *)buf, sizeof(command),
				  &pos, true);
}

static void owner_test_gives_back_after_failed_write(struct kunit *test)
{
	struct owner_test *t = test->priv;
	struct owner_test_pin p;

	KUNIT_ASSERT_EQ(test, 0, owner_test_pin(t, &p, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 2, owner_test_write_command(t, 0));
	owner_test_told(test, &p, 1, 0);
	KUNIT_EXPECT_EQ(test, 2,
			owner_test_write_command(t, PCI_COMMAND_MEMORY));
	owner_test_told(test, &p, 1, 1);
	t->broken = true;
	KUNIT_EXPECT_GT(test, 0, owner_test_write_command(t, 0));
	KUNIT_EXPECT_TRUE(test, __vfio_pci_memory_enabled(&t->vdev));
	owner_test_told(test, &p, 2, 2);
	vma_unpin(&p.pin);
}

struct owner_test_reset {
	struct owner_test	*t;
	struct completion	begun;
	struct completion	over;
};

static int owner_test_reset(void *data)
{
	struct owner_test_reset *reset = data;

	down_write(&reset->t->vdev.memory_lock);
	vfio_pci_dma_buf_move(&reset->t->vdev, true);
	complete(&reset->begun);
	msleep(OWNER_TEST_RESET_MS);
	vfio_pci_dma_buf_move(&reset->t->vdev, false);
	up_write(&reset->t->vdev.memory_lock);
	complete(&reset->over);
	return 0;
}

/* As a page fault does */
static void owner_test_waits_for_a_reset(struct kunit *test)
{
	struct owner_test_reset reset = { .t = test->priv };
	struct task_struct *task;
	struct owner_test_pin p;

	init_completion(&reset.begun);
	init_completion(&reset.over);
	task = kthread_run(owner_test_reset, &reset, "owner-test-reset");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	wait_for_completion(&reset.begun);
	/* Who cannot be revoked is refused meanwhile */
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			vma_pin_user(&p.pin, reset.t->addr, PAGE_SIZE, 0,
				     &owner_test_static_client));
	KUNIT_EXPECT_FALSE(test, completion_done(&reset.over));
	KUNIT_EXPECT_EQ(test, 0, owner_test_pin(reset.t, &p, PAGE_SIZE));
	wait_for_completion(&reset.over);
	if (p.pin.client)
		vma_unpin(&p.pin);
}

static void owner_test_stays_away_in_low_power(struct kunit *test)
{
	struct owner_test *t = test->priv;
	struct owner_test_pin p;

	KUNIT_ASSERT_EQ(test, 0, owner_test_pin(t, &p, PAGE_SIZE));
	t->vdev.pm_runtime_engaged = true;
	owner_test_move(t, true);
	KUNIT_EXPECT_EQ(test, 2,
			owner_test_write_command(t, PCI_COMMAND_MEMORY));
	owner_test_told(test, &p, 1, 0);
	t->vdev.pm_runtime_engaged = false;
	owner_test_move(t, false);
	owner_test_told(test, &p, 1, 1);
	vma_unpin(&p.pin);
}

static struct kunit_case owner_test_cases[] = {
	KUNIT_CASE(owner_test_names_the_bar),
	KUNIT_CASE(owner_test_ends_with_the_last_page),
	KUNIT_CASE(owner_test_asks_the_driver),
	KUNIT_CASE(owner_test_asks_nobody_without_dma_bufs),
	KUNIT_CASE(owner_test_tells_edges),
	KUNIT_CASE(owner_test_waits_for_every_cause),
	KUNIT_CASE(owner_test_is_opened_without_decode),
	KUNIT_CASE(owner_test_is_closed_while_revoked),
	KUNIT_CASE(owner_test_is_not_found_when_it_ends),
	KUNIT_CASE(owner_test_is_closed_while_it_wakes_up),
	KUNIT_CASE(owner_test_is_opened_again),
	KUNIT_CASE(owner_test_has_none),
	KUNIT_CASE(owner_test_gives_back_after_failed_write),
	KUNIT_CASE(owner_test_waits_for_a_reset),
	KUNIT_CASE(owner_test_stays_away_in_low_power),
	{}
};

static struct kunit_suite owner_test_suite = {
	.name		= "vma_owner_vfio_pci",
	.init		= owner_test_init,
	.exit		= owner_test_exit,
	.test_cases	= owner_test_cases,
};
kunit_test_suite(owner_test_suite);

MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
