// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests for VMA owners: what is seen of pins, and what they cost.
 */
#include <linux/bitmap.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/slab.h>
#include <linux/tracepoint.h>
#include "vma_owner_kunit.h"

/* ------------------------------------------------------------------------- */
/* 12. Zero when unused                                                      */

static void c12_owner_is_only_asked_by_pins(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	unsigned long addr = vo_map(obj);
	struct page *page;

	KUNIT_EXPECT_TRUE(test, vo_touch(addr));
	KUNIT_EXPECT_LT(test, pin_user_pages_fast(addr, 1, 0, &page), 0);
	vo_unmap(test->priv, addr + PAGE_SIZE, 1);
	vo_unmap(test->priv, addr, VO_PAGES);
	KUNIT_EXPECT_EQ(test, vo_n(obj, tryget), 0);
	KUNIT_EXPECT_EQ(test, vo_n(obj, zap), 0);
}

/* ------------------------------------------------------------------------- */
/* 13. Visible                                                               */

#ifdef CONFIG_TRACEPOINTS

/* Looked up by name, as a module may not refer to them */
struct vo_event {
	const char		*name;
	void			*probe;
	struct tracepoint	*tp;
	atomic_t		hits;
};

static void vo_probe_get(void *data, const struct vma_owner_ref *ref,
			 unsigned long addr)
{
	atomic_inc(&((struct vo_event *)data)->hits);
}

static void vo_probe_pin(void *data, const struct vma_pin *pin)
{
	atomic_inc(&((struct vo_event *)data)->hits);
}

static void vo_probe_revoke(void *data, const char *name, const void *revoke,
			    bool gone, unsigned int nested, int pending)
{
	atomic_inc(&((struct vo_event *)data)->hits);
}

static void vo_event_find(struct tracepoint *tp, void *priv)
{
	struct vo_event *e = priv;

	if (!strcmp(tp->name, e->name))
		e->tp = tp;
}

static void vo_event_start(struct kunit *test, struct vo_event *e)
{
	for_each_kernel_tracepoint(vo_event_find, e);
	KUNIT_EXPECT_NOT_NULL_MSG(test, e->tp, "no tracepoint %s", e->name);
	if (e->tp)
		KUNIT_EXPECT_EQ(test, tracepoint_probe_register(e->tp, e->probe,
								e), 0);
}

static void vo_trace_something(struct vo *vo)
{
	struct vma_owner_mock *obj = vo_obj_revocable(vo);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);

	KUNIT_EXPECT_EQ(vo->test, vo_imp_map(imp), 0);
	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	imp->restore_err = -ENOMEM;
	vma_owner_restore(obj->revoke);
	vma_unpin(&imp->pin);
}

static void c13_tracepoints(struct kunit *test)
{
	struct vo_event events[] = {
		{ .name = "vma_owner_get", .probe = vo_probe_get },
		{ .name = "vma_pin", .probe = vo_probe_pin },
		{ .name = "vma_pin_map", .probe = vo_probe_pin },
		{ .name = "vma_unpin", .probe = vo_probe_pin },
		{ .name = "vma_owner_revoke", .probe = vo_probe_revoke },
		{ .name = "vma_owner_restore", .probe = vo_probe_revoke },
		{ .name = "vma_owner_drain", .probe = vo_probe_revoke },
	};
	struct vo_event *e;

	for (e = events; e < events + ARRAY_SIZE(events); e++)
		vo_event_start(test, e);
	vo_trace_something(test->priv);
	for (e = events; e < events + ARRAY_SIZE(events); e++) {
		if (e->tp)
			tracepoint_probe_unregister(e->tp, e->probe, e);
		KUNIT_EXPECT_EQ_MSG(test, atomic_read(&e->hits), 1, "%s",
				    e->name);
	}
	tracepoint_synchronize_unregister();
}

#endif

#ifdef CONFIG_DEBUG_FS

/* The pins file of debugfs, through a mount of our own */
struct vo_pins_file {
	struct vo	*vo;
	unsigned long	user;	/* a page to read to */
	struct vfsmount	*mnt;
	struct file	*file;
	loff_t		pos;
};

static void vo_pins_open(struct vo *vo, struct vo_pins_file *f)
{
	struct path root;

	*f = (struct vo_pins_file) {
		.vo	= vo,
		.user	= vo_anon(vo, 1),
		.mnt	= kern_mount(get_fs_type("debugfs")),
	};
	KUNIT_ASSERT_NOT_ERR_OR_NULL(vo->test, f->mnt);
	root = (struct path) { .mnt = f->mnt, .dentry = f->mnt->mnt_root };
	f->file = file_open_root(&root, "vma_owner/pins", O_RDONLY, 0);
	KUNIT_EXPECT_NOT_ERR_OR_NULL(vo->test, f->file);
	if (!IS_ERR(f->file))
		KUNIT_EXPECT_EQ(vo->test, file_inode(f->file)->i_mode & 0777, 0400);
}

/* What one read() gives, with a 0 behind it; @buf has a page */
static ssize_t vo_pins_read(struct vo_pins_file *f, char *buf)
{
	ssize_t n = -EBADF;

	if (!IS_ERR(f->file))
		n = f->file->f_op->read(f->file, (char __user *)f->user,
					PAGE_SIZE - 1, &f->pos);
	if (n < 0)
		return n;
	KUNIT_EXPECT_EQ(f->vo->test,
			copy_from_user(buf, (void __user *)f->user, n), 0);
	buf[n] = 0;
	return n;
}

static void vo_pins_close(struct vo_pins_file *f)
{
	if (!IS_ERR(f->file))
		__fput_sync(f->file);
	kern_unmount(f->mnt);
}

/* What it says now */
static char *vo_read_pins(struct vo *vo)
{
	char *buf = kunit_kzalloc(vo->test, PAGE_SIZE, GFP_KERNEL);
	struct vo_pins_file f;

	KUNIT_ASSERT_NOT_NULL(vo->test, buf);
	vo_pins_open(vo, &f);
	KUNIT_EXPECT_GT(vo->test, vo_pins_read(&f, buf), 0);
	vo_pins_close(&f);
	return buf;
}

/* Who may not see the kernel's addresses sees nobody else's either */
static void c13_debugfs_hides_addresses(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_STATIC);
	struct cred *cred = prepare_creds();
	const struct cred *old;
	char line[80], *pins;

	KUNIT_ASSERT_NOT_NULL(test, cred);
	cap_clear(cred->cap_effective);
	snprintf(line, sizeof(line), "%lx", imp->pin.start);
	KUNIT_EXPECT_NOT_NULL(test, strstr(vo_read_pins(test->priv), line));
	old = override_creds(cred);
	pins = vo_read_pins(test->priv);
	put_cred(revert_creds(old));
	KUNIT_EXPECT_NULL(test, strstr(pins, line));
	snprintf(line, sizeof(line), "vo-owner vo-importer 0x0 %zu ", imp->pin.len);
	KUNIT_EXPECT_NOT_NULL(test, strstr(pins, line));
	vma_unpin(&imp->pin);
}

struct vo_busy {
	struct work_struct	work;
	struct vo		*vo;
	unsigned long		addr;
	bool			*stop;
	unsigned long		pins;
	int			odd;
};

static const struct vma_pin_client vo_busy_client = { .name = "vo-busy" };
static const struct vma_pin_client vo_many_client = { .name = "vo-many" };

/* Others pin and unpin meanwhile, behind and before what is read */
static void vo_busy_work(struct work_struct *work)
{
	struct vo_busy *b = container_of(work, struct vo_busy, work);
	struct vma_pin pin[4];
	unsigned int i;

	kthread_use_mm(b->vo->mm);
	while (!READ_ONCE(*b->stop)) {
		for (i = 0; i < ARRAY_SIZE(pin); i++)
			b->odd = vma_pin_user(&pin[i], b->addr, 1, 0,
					      &vo_busy_client) ?: b->odd;
		for (i = 0; i < ARRAY_SIZE(pin); i++)
			vma_unpin(&pin[i]);
		WRITE_ONCE(b->pins, b->pins + ARRAY_SIZE(pin));
		cond_resched();
	}
	kthread_unuse_mm(b->vo->mm);
}

/* Notes in @seen the pins of vo-many in the lines of @buf; returns what is odd */
static unsigned int vo_pins_note(char *buf, unsigned long addr, size_t n,
				 unsigned long *seen)
{
	unsigned int odd = 0;
	unsigned long start, i;
	char *line, *at;
	size_t len;

	while ((line = strsep(&buf, "\n"))) {
		at = strstr(line, "vo-many ");
		if (!at)
			continue;
		if (sscanf(at, "vo-many %lx %zu ", &start, &len) != 2) {
			odd++;
			continue;
		}
		i = (start - addr) + (len - 1) * PAGE_SIZE;
		odd += i >= n || test_and_set_bit(i, seen);
	}
	return odd;
}

/* Each pin that is there all the time is listed, once */
static void c13_debugfs_is_complete(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	const size_t n = 100000;
	struct vma_pin *pins = kvmalloc_array(n, sizeof(*pins), GFP_KERNEL);
	unsigned long *seen = bitmap_zalloc(n, GFP_KERNEL);
	char *buf = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	struct vo_busy busy[2] = { };
	unsigned long addr = vo_map(obj);
	size_t i, pinned = 0, odd = 0;
	struct vo_pins_file f, other;
	bool stop = false;
	ssize_t len;

	KUNIT_EXPECT_NOT_NULL(test, pins);
	KUNIT_EXPECT_NOT_NULL(test, seen);
	KUNIT_EXPECT_NOT_NULL(test, buf);
	if (!pins || !seen || !buf)
		goto out;
	for (i = 0; i < n; i++)
		if (!vma_pin_user(&pins[i], addr + i % PAGE_SIZE,
				  1 + i / PAGE_SIZE, 0, &vo_many_client))
			pinned++;
	KUNIT_EXPECT_EQ(test, pinned, n);
	for (i = 0; i < ARRAY_SIZE(busy); i++) {
		busy[i].vo = test->priv;
		busy[i].addr = addr;
		busy[i].stop = &stop;
		INIT_WORK_ONSTACK(&busy[i].work, vo_busy_work);
		queue_work(obj->vo->wq, &busy[i].work);
	}
	/* Whose place is kept while the first one reads */
	vo_pins_open(test->priv, &other);
	KUNIT_EXPECT_GT(test, vo_pins_read(&other, buf), 0);
	vo_pins_open(test->priv, &f);
	while ((len = vo_pins_read(&f, buf)) > 0) {
		odd += vo_pins_note(buf, addr, n, seen);
		cond_resched();
	}
	KUNIT_EXPECT_EQ(test, len, 0);
	vo_pins_close(&f);
	/* And goes on there, but nowhere else */
	KUNIT_EXPECT_EQ(test, vfs_llseek(other.file, 0, SEEK_SET), -ESPIPE);
	KUNIT_EXPECT_FALSE(test, other.file->f_mode & FMODE_PREAD);
	KUNIT_EXPECT_GT(test, vo_pins_read(&other, buf), 0);
	vo_pins_close(&other);
	WRITE_ONCE(stop, true);
	for (i = 0; i < ARRAY_SIZE(busy); i++) {
		flush_work(&busy[i].work);
		destroy_work_on_stack(&busy[i].work);
		KUNIT_EXPECT_GT(test, busy[i].pins, 0);
		KUNIT_EXPECT_EQ(test, busy[i].odd, 0);
	}
	KUNIT_EXPECT_EQ(test, odd, 0);
	KUNIT_EXPECT_EQ(test, bitmap_weight(seen, n), n);
	for (i = 0; i < n; i++)
		if (pins[i].client)
			vma_unpin(&pins[i]);
out:
	bitmap_free(seen);
	kvfree(pins);
}

/* The place that it keeps is in the shard of another processor than the first */
static void c13_debugfs_read_to_a_bad_address(struct kunit *test)
{
	char *buf = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_pins_file f;
	struct vo_imp *imp;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	set_cpus_allowed_ptr(current,
			     cpumask_of(cpumask_last(cpu_online_mask)));
	imp = vo_pinned(obj, VO_STATIC);
	vo_pins_open(test->priv, &f);
	if (!IS_ERR(f.file))
		KUNIT_EXPECT_EQ(test, -EFAULT,
				f.file->f_op->read(f.file, NULL, 1, &f.pos));
	KUNIT_EXPECT_GT(test, vo_pins_read(&f, buf), 0);
	KUNIT_EXPECT_PTR_EQ(test, strstr(buf, "owner importer "), buf);
	KUNIT_EXPECT_NOT_NULL(test, strstr(buf, imp->client.name));
	KUNIT_EXPECT_EQ(test, vo_pins_read(&f, buf), 0);
	vo_pins_close(&f);
	vma_unpin(&imp->pin);
}

/* What was asked for, not the pages that it lies in */
static void c13_debugfs_tells_odd_lengths(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	struct vo_imp *ram = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_map(obj) + 3, anon = vo_anon(test->priv, 2);
	char line[80];

	KUNIT_ASSERT_EQ(test, vo_pin(imp, addr, 2 * PAGE_SIZE - 1), 0);
	KUNIT_ASSERT_EQ(test, vo_pin(ram, anon + 7, PAGE_SIZE + 9), 0);
	snprintf(line, sizeof(line), "vo-owner vo-importer %#lx %lu ", addr,
		 2 * PAGE_SIZE - 1);
	KUNIT_EXPECT_NOT_NULL(test, strstr(vo_read_pins(test->priv), line));
	snprintf(line, sizeof(line), "(ordinary) vo-importer %#lx %lu ",
		 anon + 7, PAGE_SIZE + 9);
	KUNIT_EXPECT_NOT_NULL(test, strstr(vo_read_pins(test->priv), line));
	vma_unpin(&imp->pin);
	vma_unpin(&ram->pin);
}

static void c13_debugfs_tells_the_age(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	unsigned long begin = jiffies, start;
	struct vo_imp *imp = vo_pinned(obj, VO_STATIC);
	u64 age = 0;
	int fields;
	size_t len;
	char *line;

	schedule_timeout_uninterruptible(DIV_ROUND_UP(HZ, 5));
	line = strstr(vo_read_pins(test->priv), "vo-importer ");
	KUNIT_ASSERT_NOT_NULL(test, line);
	fields = sscanf(line, "vo-importer %lx %zu %llu", &start, &len, &age);
	KUNIT_EXPECT_EQ(test, fields, 3);
	KUNIT_EXPECT_GE(test, age, 200);
	KUNIT_EXPECT_LE(test, age, jiffies_to_msecs(jiffies - begin));
	vma_unpin(&imp->pin);
}

static void c13_debugfs_lists_pins(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_revocable(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);
	struct vo_imp *ram = vo_imp(test->priv, VO_STATIC);
	char line[80];

	snprintf(line, sizeof(line), "vo-owner vo-importer %#lx %zu ",
		 imp->pin.start, imp->pin.len);
	KUNIT_ASSERT_EQ(test, vo_pin(ram, vo_anon(test->priv, 1), 1), 0);
	KUNIT_EXPECT_NOT_NULL(test, strstr(vo_read_pins(test->priv), line));
	KUNIT_EXPECT_NOT_NULL(test, strstr(vo_read_pins(test->priv),
					   "(ordinary) vo-importer "));
	vma_owner_revoke(obj->revoke, VMA_OWNER_PERMANENT);
	KUNIT_EXPECT_NOT_NULL(test, strstr(vo_read_pins(test->priv),
					   "(gone) vo-importer "));
	vma_unpin(&imp->pin);
	vma_unpin(&ram->pin);
	KUNIT_EXPECT_NULL(test, strstr(vo_read_pins(test->priv),
				       "vo-importer"));
}

#endif

/* ------------------------------------------------------------------------- */
/* 20. Pins are cheap, and cost each other nothing                           */

/* As without lockdep, which has its share in the work item */
static void c20_size_of_a_pin(struct kunit *test)
{
	size_t size = sizeof(struct vma_pin) - sizeof(struct lockdep_map);
	struct vo_imp *imp = vo_pinned(vo_obj(test->priv), VO_STATIC);

	KUNIT_EXPECT_NULL(test, imp->pin.maps);
	KUNIT_EXPECT_EQ(test, vo_imp_map(imp), 0);
	kunit_info(test, "measured: %zu bytes without lockdep, %zu more once mapped",
		   size, ksize(imp->pin.maps));
	vma_unpin(&imp->pin);
	if (!IS_ENABLED(CONFIG_64BIT))
		kunit_skip(test, "the goal is for 64 bit");
	KUNIT_EXPECT_LE(test, size, 192);
}

/* Each processor has a list and a lock of its own */
static void c20_no_list_for_all(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	unsigned int cpus[] = { cpumask_first(cpu_online_mask),
				cpumask_last(cpu_online_mask) };
	struct vo_imp *imp;
	unsigned int i;

	if (cpus[0] == cpus[1])
		kunit_skip(test, "needs two processors");
	for (i = 0; i < ARRAY_SIZE(cpus); i++) {
		KUNIT_ASSERT_EQ(test, 0,
				set_cpus_allowed_ptr(current,
						     cpumask_of(cpus[i])));
		imp = vo_pinned(obj, VO_STATIC);
		KUNIT_EXPECT_EQ(test, imp->pin.shard, cpus[i]);
		vma_unpin(&imp->pin);
	}
}

struct kunit_case vo_visible_cases[] = {
	KUNIT_CASE(c12_owner_is_only_asked_by_pins),
#ifdef CONFIG_TRACEPOINTS
	KUNIT_CASE(c13_tracepoints),
#endif
#ifdef CONFIG_DEBUG_FS
	KUNIT_CASE(c13_debugfs_tells_odd_lengths),
	KUNIT_CASE(c13_debugfs_tells_the_age),
	KUNIT_CASE(c13_debugfs_read_to_a_bad_address),
	KUNIT_CASE(c13_debugfs_lists_pins),
	KUNIT_CASE(c13_debugfs_hides_addresses),
	KUNIT_CASE_SLOW(c13_debugfs_is_complete),
#endif
	KUNIT_CASE(c20_no_list_for_all),
	KUNIT_CASE(c20_size_of_a_pin),
	{}
};
