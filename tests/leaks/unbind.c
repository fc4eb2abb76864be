// SPDX-License-Identifier: GPL-2.0
/*
 * A driver is unbound while memory is captured into. What was pinned stays
 * until the last pin or mapping is gone and is free after, and the kernel's
 * books agree.
 *
 * vivid is one platform device for all its instances, so here the exporter and
 * the importer go together, or the importer alone if the memory is somebody
 * else's.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "books.h"
#include "driver.h"
#include "frame.h"
#include "kselftest.h"
#include "observe.h"
#include "owners.h"
#include "settings.h"
#include "video.h"

#define MARK		0x5a

static struct driver vivid = { "/sys/bus/platform/drivers/vivid" };
static unsigned long times;

static bool works(void)
{
	static unsigned char frame[FRAME_SIZE];
	int importer = video_open_importer();
	int ret = importer < 0 ? importer : video_reference(importer, frame);

	if (importer >= 0)
		close(importer);
	if (ret)
		ksft_print_msg("vivid does not work: %s\n", strerror(-ret));
	return !ret;
}

static bool start(struct round *round, const struct owner *owner)
{
	int ret = round_open(round, owner);

	if (ret) {
		ksft_print_msg("%s: %s\n", owner->name, strerror(-ret));
		return false;
	}
	ret = round_map(round);
	if (!ret)
		ret = round_queue(round, round->target);
	if (!ret)
		ret = round_stream(round);
	/* the next frame is on its way when the driver goes */
	if (ret >= 0)
		ret = video_queue_user(round->importer, 0, round->target, ROUND_LENGTH);
	if (ret < 0)
		ksft_print_msg("%s: %s\n", owner->name, strerror(-ret));
	return ret >= 0;
}

/* Only the pin holds the memory when its importer is unbound. */
static bool importer_unbound(const struct owner *owner)
{
	long bytes = observe_in_use(owner->kind), held;
	int pins = observe_pins();
	struct round round;
	bool good;
	int ret;

	if (!start(&round, owner))
		return false;
	round_unmap(&round);
	round_close_memory(&round);
	held = observe_in_use(owner->kind);
	good = expect(held < 0 || held >= bytes + (long)owner->size / 2,
		      "the pin holds the memory");
	good &= expect(!driver_tell(&vivid, "unbind"), "vivid is unbound");
	good &= expect(observe_until_pins(pins), "its pins went with it");
	if (held >= 0)
		good &= expect(observe_until_below(owner->kind, bytes + owner->size / 2),
			       "the memory was freed with the importer's file still open");
	ret = video_dequeue(round.importer, V4L2_MEMORY_USERPTR);
	good &= expect(ret < 0 && ret != -ETIMEDOUT, "DQBUF fails at once");
	round_end(&round);
	good &= expect(!driver_tell(&vivid, "bind"), "vivid is bound again");
	return good && works();
}

/* The mapping alone holds the buffer of the unbound vivid; the new one takes it. */
static bool capture_into_orphan(struct round *round)
{
	static unsigned char reference[FRAME_SIZE];
	struct view view = { .map = round->target, .size = round->owner->size };
	int ret;

	round->importer = video_open_importer();
	if (round->importer < 0)
		return false;
	ret = video_reference(round->importer, reference);
	if (!ret)
		ret = capture(round->importer, round->target, &view, reference);
	if (ret)
		ksft_print_msg("into the orphan: %s\n", capture_result(ret));
	return !ret;
}

static bool is_marked(const unsigned char *bytes, size_t len)
{
	while (len && *bytes == MARK) {
		bytes++;
		len--;
	}
	return !len;
}

static bool both_unbound(const struct owner *owner)
{
	long bytes = observe_in_use(owner->kind);
	int pins = observe_pins();
	struct round round;
	bool good;

	if (!start(&round, owner))
		return false;
	memset(round.target + FRAME_SIZE, MARK, owner->size - FRAME_SIZE);
	good = expect(!driver_tell(&vivid, "unbind"), "vivid is unbound");
	good &= expect(observe_until_pins(pins), "its pins went with it");
	round_close_memory(&round);
	round_close_importer(&round);
	good &= expect(observe_in_use(owner->kind) >= bytes + (long)owner->size / 2,
		       "the mapping holds the memory");
	good &= expect(is_marked(round.target + FRAME_SIZE, owner->size - FRAME_SIZE),
		       "its content is as it was");
	good &= expect(!driver_tell(&vivid, "bind"), "vivid is bound again");
	good &= expect(capture_into_orphan(&round), "the new vivid captures into it");
	round_end(&round);
	good &= expect(observe_until_below(owner->kind, bytes + owner->size / 2),
		       "the memory was freed");
	return good && works();
}

static bool nothing_held(const struct owner *owner)
{
	return owner && expect(!driver_tell(&vivid, "unbind"), "vivid is unbound") &&
	       expect(!driver_tell(&vivid, "bind"), "vivid is bound again") && works();
}

static bool is_vivid(const struct owner *owner)
{
	return owner->kind == MEMORY_VIVID || owner->kind == MEMORY_VIVID_DMABUF;
}

struct trial {
	bool (*unbound)(const struct owner *owner);
	const struct owner *owner;
};

static bool repeat(void *arg)
{
	struct trial *trial = arg;
	unsigned long i;

	for (i = 0; i < times; i++)
		if (!trial->unbound(trial->owner))
			return false;
	return true;
}

static bool balanced(bool (*unbound)(const struct owner *owner), const struct owner *owner)
{
	struct trial trial = { unbound, owner };

	return unbound(owner) && books_balanced(owner->name, repeat, &trial);
}

int main(void)
{
	int saved = observe_exactly();
	size_t i;

	times = setting("vo_unbinds", 10);
	setvbuf(stdout, NULL, _IOLBF, 0);
	ksft_print_header();
	ksft_set_plan(nr_owners + 2);
	ksft_test_result(books_complete() && driver_find_device(&vivid),
			 "vivid can be unbound, and the kernel counts what a leak would show in\n");
	ksft_test_result(balanced(nothing_held, &owners[0]), "unbound %lu times, nothing held\n",
			 times);
	for (i = 0; i < nr_owners; i++) {
		if (is_vivid(&owners[i]))
			ksft_test_result(balanced(both_unbound, &owners[i]),
					 "exporter and importer unbound: %s\n", owners[i].name);
		else
			ksft_test_result(balanced(importer_unbound, &owners[i]),
					 "importer unbound: %s\n", owners[i].name);
	}
	observe_restore(saved);
	ksft_finished();
}
