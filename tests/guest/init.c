// SPDX-License-Identifier: GPL-2.0
/*
 * PID 1 of the test guest.
 *
 * The kernel command line names one job, vo_run=JOB:
 *   selftests  run every executable in /tests
 *   capture    load the modules of /modules/capture, run what is in /capture
 *   leaks      load them as well, run what is in /leaks
 *   attacks    load the modules of /modules/attacks, run what is in /attacks
 *   torture    run what is in /torture
 *   regression run what is in /regression
 *   bench      run what is in /bench/GUEST, where vo_guest=GUEST
 *   kunit      copy the results of the KUnit suites named vma_owner*
 *   shell      busybox sh on the console
 *   silent     print nothing at all, for what is stopped by its log
 *
 * Results leave as KTAP through /dev/ttyS1; the console carries the kernel
 * log only.  vo_timeout=SECONDS limits each program (default 120);
 * vo_only=NAME runs that one alone; vo_modules=LIST loads the modules of
 * /modules/LIST before anything is run.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define KUNIT_DIR	"/sys/kernel/debug/kunit"
#define KMEMLEAK	"/sys/kernel/debug/kmemleak"
#define GCOV_DIR	"/sys/kernel/debug/gcov"	/* of the kernel of make coverage */
#define MODULE_LIST	"/modules/order"
#define CAPTURE_LIST	"/modules/capture"
#define ATTACKS_LIST	"/modules/attacks"
#define KUNIT_LIST	"/modules/kunit"
#define SUITE_PREFIX	"vma_owner"
#define MAX_LINE	4096
#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

#ifndef MODULE_INIT_COMPRESSED_FILE
#define MODULE_INIT_COMPRESSED_FILE 4
#endif

enum { SKIP_STATUS = 4 };	/* KSFT_SKIP */

static int report_fd = -1;
static int timeout_s = 120;
static const char *tests_dir = "/tests";

/* What went wrong before there was a plan to print it under. */
static char early_notes[8192];

struct name_list {
	char **names;
	int count;
};

static void write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return;
		if (n > 0) {
			text += n;
			len -= n;
		}
	}
}

__attribute__((format(printf, 1, 2)))
static void report(const char *format, ...)
{
	char text[2 * MAX_LINE];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (len >= (int)sizeof(text))
		len = sizeof(text) - 1;
	write_all(report_fd, text, len);
}

__attribute__((format(printf, 1, 2)))
static void note(const char *format, ...)
{
	size_t used = strlen(early_notes);
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(stderr, "init: %s\n", text);
	snprintf(early_notes + used, sizeof(early_notes) - used, "# init: %s\n", text);
}

static void begin_document(int count)
{
	report("KTAP version 1\n1..%d\n", count);
	write_all(report_fd, early_notes, strlen(early_notes));
}

/* ---- the system around the tests ---- */

static void mount_one(const char *type, const char *where)
{
	mkdir(where, 0755);
	if (mount(type, where, type, 0, NULL) && errno != EBUSY)
		note("mount %s on %s: %s", type, where, strerror(errno));
}

static void mount_all(void)
{
	static const char * const links[][2] = {
		{ "/proc/self/fd", "/dev/fd" }, { "/proc/self/fd/0", "/dev/stdin" },
		{ "/proc/self/fd/1", "/dev/stdout" }, { "/proc/self/fd/2", "/dev/stderr" },
	};
	size_t i;

	mount_one("devtmpfs", "/dev");
	mount_one("proc", "/proc");
	mount_one("sysfs", "/sys");
	mount_one("tmpfs", "/tmp");
	mount_one("tmpfs", "/dev/shm");
	mount_one("debugfs", "/sys/kernel/debug");
	mount_one("tracefs", "/sys/kernel/tracing");
	for (i = 0; i < COUNT(links); i++)
		if (symlink(links[i][0], links[i][1]))
			continue;
}

/* The initramfs need not have a /dev/console for the kernel to open. */
static void open_console(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY);
	int i;

	if (fd < 0)
		return;
	for (i = 0; i < 3; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
}

static void open_report(void)
{
	struct termios tio;

	report_fd = open("/dev/ttyS1", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (report_fd < 0) {
		report_fd = 2;
		note("/dev/ttyS1: %s; reporting on the console", strerror(errno));
		return;
	}
	if (tcgetattr(report_fd, &tio))
		return;
	cfmakeraw(&tio);
	cfsetspeed(&tio, B115200);
	tio.c_cflag |= CLOCAL;
	tcsetattr(report_fd, TCSANOW, &tio);
}

static bool cmdline_value(const char *key, char *value, size_t size)
{
	char line[4096], *word, *save = NULL;
	size_t len = strlen(key);
	bool found = false;
	FILE *file;

	file = fopen("/proc/cmdline", "re");
	if (!file)
		return false;
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	for (word = strtok_r(line, "\n ", &save); word; word = strtok_r(NULL, "\n ", &save)) {
		if (strncmp(word, key, len) || word[len] != '=')
			continue;
		snprintf(value, size, "%s", word + len + 1);
		found = true;
	}
	return found;
}

static void load_module(const char *path, const char *params)
{
	size_t len = strlen(path);
	int flags = 0;
	int fd;

	if (len > 3 && (!strcmp(path + len - 3, ".xz") || !strcmp(path + len - 3, ".gz")))
		flags = MODULE_INIT_COMPRESSED_FILE;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		note("module %s: %s", path, strerror(errno));
		return;
	}
	if (syscall(SYS_finit_module, fd, params, flags) && errno != EEXIST)
		note("module %s: %s", path, strerror(errno));
	close(fd);
}

/* Appends what the command line says as MODULE.PARAMETER=VALUE to @params. */
static void cmdline_params(const char *module, char *params, size_t size)
{
	char line[4096] = "", *word, *save = NULL;
	size_t len = strcspn(module, ".");
	FILE *file;

	file = fopen("/proc/cmdline", "re");
	if (!file)
		return;
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	for (word = strtok_r(line, "\n ", &save); word; word = strtok_r(NULL, "\n ", &save)) {
		size_t used = strlen(params);

		if (!strncmp(word, module, len) && word[len] == '.')
			snprintf(params + used, size - used, " %s", word + len + 1);
	}
}

/* Each line: the module's path, absolute or below /modules, then its parameters. */
static void load_modules(const char *list_path)
{
	char line[1024], path[1100], all[2048];
	FILE *list;

	list = fopen(list_path, "re");
	if (!list)
		return;
	while (fgets(line, sizeof(line), list)) {
		char *params;

		line[strcspn(line, "\n")] = '\0';
		if (!line[0] || line[0] == '#')
			continue;
		params = line + strcspn(line, " \t");
		if (*params)
			*params++ = '\0';
		snprintf(path, sizeof(path), "%s%s", line[0] == '/' ? "" : "/modules/", line);
		snprintf(all, sizeof(all), "%s", params);
		cmdline_params(strrchr(path, '/') + 1, all, sizeof(all));
		load_module(path, all);
	}
	fclose(list);
}

/*
 * On a kernel with kmemleak, look for leaks once the tests are over. An object
 * counts if no pointer to it was found in two scans and it is older than five
 * seconds. The kernel logs how many there are; the console gets what they are.
 */
static void find_leaks(void)
{
	char text[4096];
	int scan, fd;
	ssize_t n;

	fd = open(KMEMLEAK, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	for (scan = 0; scan < 2; scan++) {
		sleep(6);
		if (write(fd, "scan", 4) != 4)
			fprintf(stderr, "init: kmemleak: cannot scan: %s\n", strerror(errno));
	}
	while ((n = read(fd, text, sizeof(text))) > 0)
		write_all(2, text, n);
	fprintf(stderr, "init: kmemleak: scanned\n");
	close(fd);
}

static void power_off(void)
{
	sync();
	if (report_fd >= 0)
		tcdrain(report_fd);
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

/* ---- which lines were reached ---- */

/* As "# gcov: FILE BYTES", the bytes in hexadecimal, and "# gcov: FILE end SIZE" */
static void report_counters(const char *path)
{
	char line[MAX_LINE / 2 + 1];
	unsigned char bytes[MAX_LINE / 4];
	FILE *file = fopen(path, "re");
	size_t n, i, size = 0;

	while (file && (n = fread(bytes, 1, sizeof(bytes), file))) {
		size += n;
		for (i = 0; i < n; i++)
			sprintf(line + 2 * i, "%02x", bytes[i]);
		report("# gcov: %s %s\n", path + strlen(GCOV_DIR), line);
	}
	report("# gcov: %s end %zu\n", path + strlen(GCOV_DIR), size);
	if (file)
		fclose(file);
}

static void report_all_counters(const char *dir)
{
	DIR *handle = opendir(dir);
	struct dirent *entry;
	char path[PATH_MAX];

	while (handle && (entry = readdir(handle))) {
		size_t len = strlen(entry->d_name);

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		if (entry->d_type == DT_DIR)
			report_all_counters(path);
		else if (len > 5 && !strcmp(entry->d_name + len - 5, ".gcda"))
			report_counters(path);
	}
	if (handle)
		closedir(handle);
}

/* ---- lists of names ---- */

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char * const *)a, *(char * const *)b);
}

static struct name_list list_dir(const char *dir, bool (*wanted)(const char *))
{
	struct name_list list = { NULL, 0 };
	struct dirent *entry;
	DIR *handle;

	handle = opendir(dir);
	if (!handle)
		return list;
	while ((entry = readdir(handle))) {
		if (entry->d_name[0] == '.' || !wanted(entry->d_name))
			continue;
		list.names = realloc(list.names, (list.count + 1) * sizeof(char *));
		list.names[list.count++] = strdup(entry->d_name);
	}
	closedir(handle);
	if (list.count)
		qsort(list.names, list.count, sizeof(char *), compare_names);
	return list;
}

static bool is_program(const char *name)
{
	char path[PATH_MAX], only[64];
	struct stat st;

	if (cmdline_value("vo_only", only, sizeof(only)) && strcmp(name, only))
		return false;
	snprintf(path, sizeof(path), "%s/%s", tests_dir, name);
	return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK);
}

static bool is_suite(const char *name)
{
	return !strncmp(name, SUITE_PREFIX, strlen(SUITE_PREFIX));
}

/* ---- one program of /tests ---- */

struct program {
	const char *name;
	pid_t pid;
	int output;
	bool timed_out;
	char line[MAX_LINE];
	size_t used;
};

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/*
 * A program's output becomes a subtest of ours.  Its own header says TAP,
 * which the KTAP of a subtest does not know; the Subtest line lets a parser
 * notice a program that died before its result line.
 */
static void report_line(struct program *prog)
{
	prog->line[prog->used] = '\0';
	prog->used = 0;
	if (!strncmp(prog->line, "TAP version ", 12) || !strncmp(prog->line, "KTAP version ", 13))
		report("  KTAP version 1\n  # Subtest: %s\n", prog->name);
	else
		report("  %s\n", prog->line);
}

static void take_output(struct program *prog, const char *text, ssize_t len)
{
	for (; len > 0; len--, text++) {
		if (*text == '\n' || prog->used == sizeof(prog->line) - 1)
			report_line(prog);
		if (*text != '\n' && *text != '\r')
			prog->line[prog->used++] = *text;
	}
}

/* Returns false at the end of the output. */
static bool read_output(struct program *prog)
{
	char text[1024];
	ssize_t n;

	for (;;) {
		n = read(prog->output, text, sizeof(text));
		if (n > 0)
			take_output(prog, text, n);
		else if (n < 0 && errno == EINTR)
			continue;
		else
			return n < 0 && errno == EAGAIN;
	}
}

static void exec_program(const char *name, int output)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", tests_dir, name);
	setsid();
	dup2(open("/dev/null", O_RDONLY), 0);
	dup2(output, 1);
	dup2(output, 2);
	if (chdir("/tmp"))
		fprintf(stderr, "# chdir /tmp: %s\n", strerror(errno));
	execl(path, path, (char *)NULL);
	fprintf(stderr, "# exec %s: %s\n", path, strerror(errno));
	_exit(127);
}

static bool start_program(struct program *prog)
{
	int pipe_fds[2];

	if (pipe2(pipe_fds, O_CLOEXEC))
		return false;
	fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK);
	prog->output = pipe_fds[0];
	prog->pid = fork();
	if (!prog->pid)
		exec_program(prog->name, pipe_fds[1]);
	close(pipe_fds[1]);
	return prog->pid > 0;
}

/*
 * Kills what a program left behind; the harness puts each test into a process
 * group of its own, so only "everybody but me" reaches them all.  A process
 * stuck in the kernel is not waited for beyond a few seconds.
 */
static void sweep_processes(struct program *prog, int *status, bool *reaped)
{
	long long deadline = now_ms() + 5000;
	int other;
	pid_t pid;

	kill(-1, SIGKILL);
	for (;;) {
		pid = waitpid(-1, &other, WNOHANG);
		if (pid < 0)
			return;
		if (pid == prog->pid) {
			*status = other;
			*reaped = true;
		}
		if (!pid && now_ms() > deadline) {
			report("  # %s: a process cannot be killed\n", prog->name);
			return;
		}
		if (!pid)
			usleep(10000);
	}
}

/* Returns the wait status; output and process may end in either order. */
static int follow_program(struct program *prog)
{
	long long deadline = now_ms() + timeout_s * 1000LL;
	struct pollfd pfd = { .fd = prog->output, .events = POLLIN };
	int status = 1 << 8;
	bool reaped = false;

	while (!reaped && !prog->timed_out) {
		poll(&pfd, 1, 50);
		if (!read_output(prog))
			usleep(10000);
		reaped = waitpid(prog->pid, &status, WNOHANG) == prog->pid;
		prog->timed_out = now_ms() > deadline;
	}
	if (reaped)
		prog->timed_out = false;
	read_output(prog);
	sweep_processes(prog, &status, &reaped);
	read_output(prog);
	if (prog->used)
		report_line(prog);
	return status;
}

static void run_program(int number, const char *name)
{
	struct program prog = { .name = name };
	int status;

	if (!start_program(&prog)) {
		report("not ok %d - %s # cannot start: %s\n", number, name, strerror(errno));
		return;
	}
	status = follow_program(&prog);
	close(prog.output);
	if (prog.timed_out)
		report("not ok %d - %s # timed out after %d s\n", number, name, timeout_s);
	else if (WIFSIGNALED(status))
		report("not ok %d - %s # killed by signal %d\n", number, name, WTERMSIG(status));
	else if (WEXITSTATUS(status) == SKIP_STATUS)
		report("ok %d - %s # SKIP\n", number, name);
	else if (WEXITSTATUS(status))
		report("not ok %d - %s # exit status %d\n", number, name, WEXITSTATUS(status));
	else
		report("ok %d - %s\n", number, name);
}

/* ---- KUnit ---- */

/*
 * A results file is a document of its own with a plan of one.  Its header and
 * plan are dropped and its one result line is numbered anew.
 */
static void copy_suite(int number, const char *suite)
{
	char path[PATH_MAX], line[MAX_LINE], rest[MAX_LINE];
	bool judged = false;
	FILE *file;
	int old;

	snprintf(path, sizeof(path), KUNIT_DIR "/%s/results", suite);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, "KTAP version", 12) || !strncmp(line, "1..", 3))
			continue;
		if (sscanf(line, "ok %d %[^\n]", &old, rest) == 2) {
			report("ok %d %s\n", number, rest);
			judged = true;
		} else if (sscanf(line, "not ok %d %[^\n]", &old, rest) == 2) {
			report("not ok %d %s\n", number, rest);
			judged = true;
		} else {
			report("%s\n", line);
		}
	}
	if (file)
		fclose(file);
	if (!judged)
		report("not ok %d %s # no result in %s\n", number, suite, path);
}

/* ---- jobs ---- */

/*
 * What must be there and is not counts as one failed test: a document without
 * any would pass for a success.
 */
static int entries(struct name_list list)
{
	return list.count ? list.count : 1;
}

static void run_programs(int first, struct name_list programs)
{
	int i;

	if (!programs.count)
		report("not ok %d - selftests # no program in %s\n", first, tests_dir);
	for (i = 0; i < programs.count; i++)
		run_program(first + i, programs.names[i]);
}

static void copy_suites(int first, struct name_list suites)
{
	int i;

	if (!suites.count)
		report("not ok %d - kunit # no suite named " SUITE_PREFIX "*\n", first);
	for (i = 0; i < suites.count; i++)
		copy_suite(first + i, suites.names[i]);
}

static void job_selftests(void)
{
	struct name_list programs = list_dir(tests_dir, is_program);

	begin_document(entries(programs));
	run_programs(1, programs);
}

static void job_leaks(void)
{
	load_modules(CAPTURE_LIST);
	tests_dir = "/leaks";
	job_selftests();
}

static void job_attacks(void)
{
	load_modules(ATTACKS_LIST);
	tests_dir = "/attacks";
	job_selftests();
}

static void job_regression(void)
{
	tests_dir = "/regression";
	job_selftests();
}

static void job_torture(void)
{
	tests_dir = "/torture";
	job_selftests();
}

static void job_bench(void)
{
	static char dir[80];
	char guest[64] = "";

	cmdline_value("vo_guest", guest, sizeof(guest));
	snprintf(dir, sizeof(dir), "/bench/%s", guest);
	tests_dir = dir;
	job_selftests();
}

static void job_capture(void)
{
	load_modules(CAPTURE_LIST);
	tests_dir = "/capture";
	job_selftests();
}

static void job_kunit(void)
{
	struct name_list suites;

	load_modules(KUNIT_LIST);
	suites = list_dir(KUNIT_DIR, is_suite);
	begin_document(entries(suites));
	copy_suites(1, suites);
}

static void run_busybox(char * const argv[])
{
	pid_t pid = fork();

	if (!pid) {
		execv("/bin/busybox", argv);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
}

/* Job control needs a session whose controlling terminal is a real tty, not /dev/console. */
static void become_shell(void)
{
	int fd;

	setsid();
	fd = open("/dev/ttyS0", O_RDWR);
	if (fd >= 0) {
		ioctl(fd, TIOCSCTTY, 1);
		dup2(fd, 0);
		dup2(fd, 1);
		dup2(fd, 2);
	}
	setenv("PATH", "/bin:/tests", 1);
	setenv("HOME", "/tmp", 1);
	setenv("TERM", "vt100", 1);
	setenv("PS1", "guest:\\w# ", 1);
	if (chdir("/tmp"))
		perror("/tmp");
	execl("/bin/busybox", "sh", "-i", (char *)NULL);
	perror("/bin/busybox");
	_exit(127);
}

static void job_shell(void)
{
	char * const install[] = { "busybox", "--install", "-s", "/bin", NULL };
	pid_t pid, ended;

	run_busybox(install);
	printf("\nA shell in the guest; leave it with exit, which powers off.\n");
	fflush(stdout);
	pid = fork();
	if (!pid)
		become_shell();
	do {
		ended = waitpid(-1, NULL, 0);
	} while (ended != pid && (ended > 0 || errno == EINTR));
}

static void job_silent(void)
{
	for (;;)
		pause();
}

static const struct {
	const char *name;
	void (*run)(void);
} jobs[] = {
	{ "selftests", job_selftests },
	{ "capture", job_capture },
	{ "kunit", job_kunit },
	{ "leaks", job_leaks },
	{ "attacks", job_attacks },
	{ "torture", job_torture },
	{ "regression", job_regression },
	{ "bench", job_bench },
	{ "shell", job_shell },
	{ "silent", job_silent },
};

static void run_job(const char *name)
{
	size_t i;

	for (i = 0; i < COUNT(jobs); i++) {
		if (!strcmp(name, jobs[i].name)) {
			jobs[i].run();
			return;
		}
	}
	report("Bail out! unknown job vo_run=%s\n", name);
}

int main(void)
{
	char job[64] = "", seconds[16], list[64], path[128];

	if (getpid() != 1) {
		fprintf(stderr, "init: this is the init of a test guest, run as PID 1 only\n");
		return 1;
	}
	mount_all();
	open_console();
	open_report();
	load_modules(MODULE_LIST);
	if (cmdline_value("vo_modules", list, sizeof(list))) {
		snprintf(path, sizeof(path), "/modules/%s", list);
		load_modules(path);
	}
	if (cmdline_value("vo_timeout", seconds, sizeof(seconds)) && atoi(seconds) > 0)
		timeout_s = atoi(seconds);
	cmdline_value("vo_run", job, sizeof(job));
	run_job(job);
	report_all_counters(GCOV_DIR);
	find_leaks();
	power_off();
}
