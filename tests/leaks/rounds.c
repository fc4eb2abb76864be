// SPDX-License-Identifier: GPL-2.0
/*
 * Hundreds of rounds of each way to import memory and to fail at it. The
 * kernel's books are read before the first and after the last, and must agree.
 *
 * vo_rounds=N on the kernel's command line sets how many (200); vo_owner=N leaves
 * out all but the Nth owner, and what is the same for all. vo_split_warns=N says
 * that this kernel warns when a mapping of the Nth owner is split.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "books.h"
#include "kselftest.h"
#include "owners.h"
#include "settings.h"
#include "video.h"

#define WARM_UP		3

static unsigned long rounds;
static size_t page_size;

struct scenario {
	const char *name;
	/* 0, or a negative errno if the round did not go as it must */
	int (*play)(struct round *round);
};

static int refused(int ret)
{
	if (ret == -EFAULT)
		return 0;
	return ret ?: -EBADE;
}

static int stream(struct round *round)
{
	int ret = round_map(round);

	if (!ret)
		ret = round_queue(round, round->target);
	if (!ret)
		ret = round_stream(round);
	if (ret < 0)
		return ret;
	ret = video_stream(round->importer, false);
	return ret ?: video_reqbufs(round->importer, V4L2_MEMORY_USERPTR, 0);
}

static int queue_only(struct round *round)
{
	int ret = round_map(round);

	if (!ret)
		ret = round_queue(round, round->target);
	if (!ret)
		ret = video_stream(round->importer, false);
	return ret ?: video_reqbufs(round->importer, V4L2_MEMORY_USERPTR, 0);
}

/* Another address in the same slot: the first pin goes, a second comes. */
static int other_address(struct round *round)
{
	int ret = round_map(round);

	if (!ret)
		ret = round_queue(round, round->target);
	if (!ret)
		ret = round_stream(round);
	if (ret < 0)
		return ret;
	return video_queue_user(round->importer, 0, round->target + page_size,
				ROUND_LENGTH);
}

/* Memory gone from sight before the frame comes; nobody stops the stream. */
static int unmapped_before(struct round *round)
{
	int ret = round_map(round);

	if (!ret)
		ret = round_queue(round, round->target);
	if (ret)
		return ret;
	round_unmap(round);
	round_close_memory(round);
	ret = round_stream(round);
	return ret < 0 ? ret : 0;
}

static void stream_and_die(const struct owner *owner)
{
	struct round round;
	int ret = round_open(&round, owner);

	if (!ret)
		ret = unmapped_before(&round);
	if (!ret)
		kill(getpid(), SIGKILL);
	_exit(-ret);
}

/* The child opens all for itself: what it inherits would outlive it. */
static int killed(struct round *round)
{
	int status;
	pid_t pid;

	round_end(round);
	pid = fork();
	if (!pid)
		stream_and_die(round->owner);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : 0;
}

/* A frame of which ten pages lie in the first half of @area. */
static void *across(unsigned char *area, size_t half)
{
	return area + half - 10 * page_size;
}

static int half_mapped(struct round *round)
{
	size_t half = round->owner->size / 2;
	int ret = round_map(round);

	if (ret)
		return ret;
	munmap(round->target + half, half);
	return refused(round_queue(round, across(round->target, half)));
}

/* GUP pins ten pages before it comes to what is forbidden, and lets them go. */
static int half_forbidden(struct round *round)
{
	size_t half = round->owner->size / 2;
	int ret = round_map(round);

	if (ret)
		return ret;
	if (mprotect(round->target + half, half, PROT_NONE))
		return -errno;
	return refused(round_queue(round, across(round->target, half)));
}

static int read_only(struct round *round)
{
	int ret = round_map(round);

	if (ret)
		return ret;
	if (mprotect(round->target, round->owner->size, PROT_READ))
		return -errno;
	return refused(round_queue(round, round->target));
}

/* Ordinary memory is followed by a buffer of the system heap. */
static int alloc_second(struct memory *second, const struct round *round)
{
	if (round->owner->ordinary)
		return memory_alloc(second, MEMORY_SYSTEM_HEAP, round->owner->size);
	return memory_alloc_sibling(second, &round->mem);
}

static int queue_across(struct round *round, unsigned char *area, const struct memory *second)
{
	size_t size = round->owner->size;

	if (memory_map_at(&round->mem, area, 0, size) == MAP_FAILED ||
	    memory_map_at(second, area + size, 0, size) == MAP_FAILED)
		return -errno;
	return refused(round_queue(round, across(area, size)));
}

static int two_objects(struct round *round)
{
	size_t size = round->owner->size;
	unsigned char *area = memory_reserve(3 * size);
	size_t skip = -(unsigned long)area % size;	/* hugetlb wants it aligned */
	struct memory second;
	int ret;

	if (area == MAP_FAILED)
		return -errno;
	ret = alloc_second(&second, round);
	if (!ret) {
		ret = queue_across(round, area + skip, &second);
		memory_close(&second);
	}
	munmap(area, 3 * size);
	return ret;
}

static const struct scenario scenarios[] = {
	{ "a frame", stream },
	{ "queued and taken back", queue_only },
	{ "another address in the same slot", other_address },
	{ "unmapped and closed before the frame", unmapped_before },
	{ "killed", killed },
	{ "half mapped, refused", half_mapped },
	{ "half forbidden, refused", half_forbidden },
	{ "read only, refused", read_only },
	{ "two objects, refused", two_objects },
};

static int play(const struct scenario *scenario, const struct owner *owner, unsigned long n)
{
	struct round round;
	unsigned long i;
	int ret = 0;

	for (i = 0; !ret && i < n; i++) {
		ret = round_open(&round, owner);
		if (ret)
			break;
		ret = scenario->play(&round);
		round_end(&round);
	}
	if (ret)
		ksft_print_msg("%s, %s: round %lu: %s\n", owner->name, scenario->name, i,
			       strerror(-ret));
	return ret;
}

struct game {
	const struct scenario *scenario;
	const struct owner *owner;
};

static bool play_all(void *arg)
{
	struct game *game = arg;

	return !play(game->scenario, game->owner, rounds);
}

static bool balanced(const struct scenario *scenario, const struct owner *owner)
{
	struct game game = { scenario, owner };

	return !play(scenario, owner, WARM_UP) &&
	       books_balanced(scenario->name, play_all, &game);
}

/* ---- do the books notice? ---- */

struct plant {
	const char *name;
	size_t owner;
	/* what of a round is left behind */
	bool mapping, memory, importer;
};

static const struct plant plants[] = {
	{ "the mapping of a dma-contig buffer", 0, .mapping = true },
	{ "an exported dma-contig buffer", 1, .memory = true },
	{ "a buffer of the CMA heap", 2, .memory = true },
	{ "a buffer of the system heap", 3, .memory = true },
	{ "a pin of the system heap", 3, .importer = true },
	{ "a udmabuf", 4, .memory = true },
	{ "a memfd", 5, .memory = true },
	{ "a pin of anonymous memory", 6, .importer = true },
	{ "a huge page", 7, .mapping = true },
};

static void end_but(struct round *round, const struct plant *plant)
{
	if (!plant->mapping)
		round_unmap(round);
	if (!plant->memory)
		round_close_memory(round);
	if (!plant->importer)
		round_close_importer(round);
}

/* One object is lost in a hundred rounds, and found again after. */
static bool noticed(const struct plant *plant)
{
	const struct owner *owner = &owners[plant->owner];
	const struct scenario *scenario = &scenarios[1];
	static struct books before;
	struct round round;
	bool silent;
	int ret;

	if (play(scenario, owner, WARM_UP))
		return false;
	books_read(&before);
	if (play(scenario, owner, 99) || round_open(&round, owner))
		return false;
	ret = round_map(&round);
	if (!ret)
		ret = round_queue(&round, round.target);
	end_but(&round, plant);
	silent = books_return(&before, plant->name, BOOKS_BRIEF);
	round_end(&round);
	return !ret && !silent && books_return(&before, "after it was found", BOOKS_PATIENT);
}

static bool split_warns(const struct scenario *scenario, const struct owner *owner)
{
	return (scenario->play == half_mapped || scenario->play == half_forbidden) &&
	       owner == &owners[setting("vo_split_warns", nr_owners)];
}

static void all_scenarios(const struct owner *owner)
{
	const struct scenario *scenario;

	for (scenario = scenarios; scenario < scenarios + ARRAY_SIZE(scenarios); scenario++) {
		if (split_warns(scenario, owner))
			ksft_test_result_skip("%s: %s: to split it warns by itself\n",
					      owner->name, scenario->name);
		else
			ksft_test_result(balanced(scenario, owner), "%s: %s\n", owner->name,
					 scenario->name);
	}
}

static void all_plants(void)
{
	size_t i;

	ksft_test_result(books_complete(), "the kernel counts what a leak would show in\n");
	for (i = 0; i < ARRAY_SIZE(plants); i++)
		ksft_test_result(noticed(&plants[i]), "one lost in a hundred is noticed: %s\n",
				 plants[i].name);
}

int main(void)
{
	unsigned long only = setting("vo_owner", nr_owners);
	size_t i;

	page_size = sysconf(_SC_PAGESIZE);
	rounds = setting("vo_rounds", 200);
	/* a line is a sign of life; kselftest.h of 6.12 does this, that of 6.1 does not */
	setvbuf(stdout, NULL, _IOLBF, 0);
	ksft_print_header();
	ksft_print_msg("%lu rounds of each\n", rounds);
	if (only < nr_owners) {
		ksft_set_plan(ARRAY_SIZE(scenarios));
		all_scenarios(&owners[only]);
		ksft_finished();
	}
	ksft_set_plan(1 + ARRAY_SIZE(plants) + ARRAY_SIZE(scenarios) * nr_owners);
	all_plants();
	for (i = 0; i < nr_owners; i++)
		all_scenarios(&owners[i]);
	ksft_finished();
}
