// SPDX-License-Identifier: MIT
// The same work in C on libbpf. `reference drain|get|iterate|load|latency OBJECT ROUNDS` prints nanoseconds a piece;
// `reference tick` makes the system call that `latency` waits for.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { pieces = 10000, warm_up = 10 };

struct sample {
	unsigned long long time;
	unsigned int pid, cpu, kind, flags;
	char comm[16];
};
struct entry_key {
	unsigned int id, kind;
};
struct entry {
	unsigned long long bytes;
	unsigned int packets, errors;
	char name[16];
};

static char bytes[1 << 24];
static size_t size;
/* So that nothing read is optimised away. */
static volatile unsigned long long sum;
static double *times;
static int taken;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(void)
{
	qsort(times, taken, sizeof(*times), ascending);
	return times[taken / 2];
}

static struct bpf_object *load(void)
{
	struct bpf_object *object = bpf_object__open_mem(bytes, size, NULL);

	if (!object || bpf_object__load(object))
		fail("load");
	return object;
}

static int map(struct bpf_object *object, const char *name)
{
	return bpf_object__find_map_fd_by_name(object, name);
}

static void run(struct bpf_object *object, const char *program)
{
	unsigned int count = pieces;
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = &count, .ctx_size_in = sizeof(count));

	if (bpf_prog_test_run_opts(bpf_program__fd(bpf_object__find_program_by_name(object, program)), &options))
		fail(program);
}

static int on_sample(void *context, void *data, size_t size)
{
	const struct sample *sample = data;

	sum = sample->pid ^ sample->cpu ^ sample->kind;
	return 0;
}

static void drain(int rounds)
{
	struct bpf_object *object = load();
	struct ring_buffer *ring = ring_buffer__new(map(object, "samples"), on_sample, NULL, NULL);

	if (!ring)
		fail("ring_buffer__new");
	for (int i = -warm_up; i < rounds; i++) {
		double start;

		run(object, "fill_ring");
		start = now();
		if (ring_buffer__consume(ring) != pieces)
			fail("ring_buffer__consume");
		if (i >= 0)
			times[taken++] = (now() - start) / pieces;
	}
}

static void get(int rounds)
{
	struct bpf_object *object = load();
	int entries = map(object, "entries");

	run(object, "fill_map");
	for (int i = -1; i < rounds; i++) {
		double start = now();

		for (unsigned int id = 0; id < pieces; id++) {
			struct entry_key key = { id, 7 };
			struct entry entry;

			if (bpf_map_lookup_elem(entries, &key, &entry))
				fail("lookup");
			sum += entry.packets + entry.bytes + entry.name[0];
		}
		if (i >= 0)
			times[taken++] = (now() - start) / pieces;
	}
}

static void iterate(int rounds)
{
	enum { room = 2048 };
	static struct entry_key keys[room];
	static struct entry values[room];
	struct bpf_object *object = load();
	int entries = map(object, "entries");

	run(object, "fill_map");
	for (int i = -1; i < rounds; i++) {
		unsigned int in, out, got, seen = 0;
		double start = now();
		void *from = NULL;
		int result;

		do {
			got = room;
			result = bpf_map_lookup_batch(entries, from, &out, keys, values, &got, NULL);
			if (result && errno != ENOENT)
				fail("lookup_batch");
			for (unsigned int j = 0; j < got; j++)
				sum += keys[j].id + values[j].bytes + values[j].packets + values[j].name[0];
			seen += got;
			in = out;
			from = &in;
		} while (!result);
		if (seen != pieces)
			fail("count");
		if (i >= 0)
			times[taken++] = (now() - start) / pieces;
	}
}

static void open_and_load(int rounds)
{
	for (int i = -1; i < rounds; i++) {
		double start = now();

		bpf_object__close(load());
		if (i >= 0)
			times[taken++] = now() - start;
	}
}

/* Every 2 ms. */
static void tick(int rounds)
{
	for (int i = 0; i < rounds; i++) {
		usleep(2000);
		syscall(SYS_getppid);
	}
}

static int on_tick(void *context, void *data, size_t size)
{
	const struct sample *sample = data;

	times[taken++] = now() - sample->time;
	return 0;
}

static void latency(int rounds)
{
	struct bpf_object *object = bpf_object__open_mem(bytes, size, NULL);
	struct bpf_map *bss = object ? bpf_object__find_map_by_name(object, ".bss") : NULL;
	size_t length;
	unsigned int *ticker = bss ? bpf_map__initial_value(bss, &length) : NULL;
	struct ring_buffer *ring;
	int go[2];
	pid_t child;
	char byte = 0;

	if (!ticker || pipe(go))
		fail("open");
	child = fork();
	if (child == 0) {
		if (read(go[0], &byte, 1) == 1)
			tick(rounds);
		exit(0);
	}
	ticker[0] = child;
	ticker[1] = SYS_getppid;
	if (bpf_object__load(object) || !bpf_program__attach(bpf_object__find_program_by_name(object, "on_syscall")))
		fail("load");
	ring = ring_buffer__new(map(object, "samples"), on_tick, NULL, NULL);
	if (write(go[1], &byte, 1) != 1)
		fail("write");
	while (taken < rounds)
		ring_buffer__poll(ring, 1000);
	waitpid(child, NULL, 0);
}

static void usage(void)
{
	fprintf(stderr, "usage: reference drain|get|iterate|load|latency OBJECT ROUNDS, or reference tick\n");
	exit(2);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	int rounds = argc > 3 ? atoi(argv[3]) : 1;
	FILE *file;
	char byte;

	if (!strcmp(what, "tick")) {
		if (read(0, &byte, 1) == 1)
			tick(atoi(argv[2]));
		return 0;
	}
	file = argc > 3 ? fopen(argv[2], "rb") : NULL;
	if (!file)
		usage();
	size = fread(bytes, 1, sizeof(bytes), file);
	times = calloc(rounds + 16, sizeof(*times));
	libbpf_set_print(NULL);
	if (!strcmp(what, "drain"))
		drain(rounds);
	else if (!strcmp(what, "get"))
		get(rounds);
	else if (!strcmp(what, "iterate"))
		iterate(rounds);
	else if (!strcmp(what, "load"))
		open_and_load(rounds);
	else if (!strcmp(what, "latency"))
		latency(rounds);
	else
		usage();
	printf("%f\n", median());
	return 0;
}
