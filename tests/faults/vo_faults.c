// SPDX-License-Identifier: GPL-2.0
/*
 * Faults made on purpose, one for each tool of tests/configs/debug.config, to
 * see that the guest is judged failed for it. Loading the module makes them all;
 * what the kernel log must say after each name is in the file expected.
 *
 * lockdep stops at its first report and when KASAN has reported, so what it has
 * to report goes first.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/dma-mapping.h>
#include <linux/list.h>
#include <linux/mmdebug.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

/* The compiler must know neither */
static int vo_four = 4;
static int vo_sink;

#define vo_index	READ_ONCE(vo_four)
#define vo_use(x)	WRITE_ONCE(vo_sink, x)

static void vo_rcu(void)
{
	static int __rcu *p;

	vo_use(!!rcu_dereference(p));
}

static void vo_lock_order(void)
{
	static DEFINE_MUTEX(outer);
	static DEFINE_MUTEX(leaf);

	mutex_lock(&outer);
	mutex_lock(&leaf);
	mutex_unlock(&leaf);
	mutex_unlock(&outer);
	mutex_lock(&leaf);
	mutex_lock(&outer);
	mutex_unlock(&outer);
	mutex_unlock(&leaf);
}

static void vo_sleep_in_atomic(void)
{
	static DEFINE_SPINLOCK(lock);

	spin_lock(&lock);
	might_sleep();
	spin_unlock(&lock);
}

static void vo_preemptible(void)
{
	vo_use(smp_processor_id());
}

static void vo_overrun(void)
{
	char *p = kmalloc(16, GFP_KERNEL);

	if (p)
		vo_use(p[vo_index * 4]);
	kfree(p);
}

static void vo_use_after_free(void)
{
	char *p = kmalloc(16, GFP_KERNEL);

	kfree(p);
	if (p)
		vo_use(p[vo_index]);
}

static void vo_vmalloc_overrun(void)
{
	char *p = vmalloc(PAGE_SIZE - 64);

	if (p)
		vo_use(p[PAGE_SIZE - 68 + vo_index]);
	vfree(p);
}

static __no_sanitize_address void vo_spoil(char *p)
{
	p[32] = 1;
}

static void vo_red_zone(void)
{
	struct kmem_cache *cache;
	char *p;

	cache = kmem_cache_create("vo_faults", 32, 0, SLAB_RED_ZONE, NULL);
	if (!cache)
		return;
	p = kmem_cache_alloc(cache, GFP_KERNEL);
	if (p) {
		vo_spoil(p);
		kmem_cache_free(cache, p);
	}
	kmem_cache_destroy(cache);
}

static void vo_array_bounds(void)
{
	static int a[4];

	vo_use(a[vo_index]);
}

static void vo_shift(void)
{
	vo_use(1 << (vo_index * 8));
}

static void vo_work_fn(struct work_struct *work)
{
}

static void vo_work_made_twice(void)
{
	static struct delayed_work work;

	INIT_DELAYED_WORK(&work, vo_work_fn);
	schedule_delayed_work(&work, HZ);
	INIT_DELAYED_WORK(&work, vo_work_fn);
	cancel_delayed_work_sync(&work);
}

static void vo_timer_fn(struct timer_list *t)
{
}

static void vo_timer_freed(void)
{
	struct timer_list *t = kmalloc(sizeof(*t), GFP_KERNEL);

	if (!t)
		return;
	timer_setup(t, vo_timer_fn, 0);
	mod_timer(t, jiffies + HZ);
	kfree(t);
}

static void vo_refcount(void)
{
	refcount_t r = REFCOUNT_INIT(0);

	refcount_inc(&r);
}

static void vo_list(void)
{
	static LIST_HEAD(head);
	static struct list_head entry;

	list_add(&entry, &head);
	list_del(&entry);
	list_del(&entry);
}

static void vo_vm(void)
{
	VM_WARN_ON(vo_index);
}

static void vo_dma(void)
{
	struct platform_device *pdev;
	dma_addr_t addr;
	void *p;

	pdev = platform_device_register_simple("vo_faults", -1, NULL, 0);
	if (IS_ERR(pdev))
		return;
	p = kmalloc(64, GFP_KERNEL);
	if (p) {
		addr = dma_map_single(&pdev->dev, p, 64, DMA_TO_DEVICE);
		if (!dma_mapping_error(&pdev->dev, addr))
			dma_unmap_single(&pdev->dev, addr, 32, DMA_TO_DEVICE);
	}
	kfree(p);
	platform_device_unregister(pdev);
}

/* Found by the scan at the end of the guest's run, save what a stack still shows */
static void vo_leak(void)
{
	int i;

	for (i = 0; i < 10; i++)
		vo_use(!kmalloc(1234, GFP_KERNEL));
}

static const struct {
	const char *name;
	void (*make)(void);
} vo_faults[] = {
	{ "rcu", vo_rcu },
	{ "lock_order", vo_lock_order },
	{ "sleep_in_atomic", vo_sleep_in_atomic },
	{ "preemptible", vo_preemptible },
	{ "array_bounds", vo_array_bounds },
	{ "shift", vo_shift },
	{ "work_made_twice", vo_work_made_twice },
	{ "timer_freed", vo_timer_freed },
	{ "refcount", vo_refcount },
	{ "list", vo_list },
	{ "vm", vo_vm },
	{ "dma", vo_dma },
	{ "overrun", vo_overrun },
	{ "use_after_free", vo_use_after_free },
	{ "vmalloc_overrun", vo_vmalloc_overrun },
	{ "red_zone", vo_red_zone },
	{ "leak", vo_leak },
};

static int __init vo_faults_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vo_faults); i++) {
		pr_info("making %s\n", vo_faults[i].name);
		vo_faults[i].make();
	}
	pr_info("made all\n");
	return 0;
}
module_init(vo_faults_init);

MODULE_DESCRIPTION("Faults made on purpose");
MODULE_LICENSE("GPL");
