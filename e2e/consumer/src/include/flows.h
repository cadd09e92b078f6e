#pragma once

/* The transport protocols that are told apart. */
enum protocol { PROTO_OTHER, PROTO_TCP = 6, PROTO_UDP = 17 };

struct endpoint {
	__u8 address[16];
	__u16 port;
};

/* Both ends of a conversation. */
struct flow {
	struct endpoint from;
	struct endpoint to;
	enum protocol protocol;
};

typedef struct {
	/* Exact up to 2^53. */
	__u64 packets __attribute__((btf_decl_tag("js:number")));
	__u64 bytes;
} counters_t;

#define SAMPLE_LENGTH 32
#define PRODUCT "flows"

/* A packet worth looking at. */
struct sample {
	__u64 time;
	struct flow flow;
	__u32 length : 16, truncated : 1, priority : 3;
	union {
		__u32 mark;
		__u8 marks[4];
	};
	union {
		struct {
			__u8 type, code;
		} icmp;
		__s32 sequence;
	} detail;
	char device[16];
	char tags[2][8];
	__u8 head[SAMPLE_LENGTH];
};
