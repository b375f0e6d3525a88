/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel says, as it says it: its own buffer keeps the newest messages only.
 */
#ifndef _SELFTESTS_FUZZ_LOG_H
#define _SELFTESTS_FUZZ_LOG_H

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A message is at most that long with all that belongs to it. */
#define MAX_RECORD	8192
/* From here on up, a level is no complaint. */
#define LEVEL_NOTICE	5
/* The longest text of a message, from which it is cut. */
#define MAX_MESSAGE	1000

struct log {
	int fd;
	char record[MAX_RECORD];
	/* Of the last record: what it says, and how loud. */
	const char *message;
	unsigned int level;
	/* Whether it is of the kernel, and not of somebody who writes to its log. */
	int is_kernels;
};

/* What is said from here on. 0 if it cannot be read. */
static inline int open_log(struct log *log)
{
	log->fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	return log->fd >= 0 && lseek(log->fd, 0, SEEK_END) >= 0;
}

/* The next message: 1, or 0 if there is none yet, or -1 if some were lost. */
static inline int read_log(struct log *log)
{
	ssize_t len = read(log->fd, log->record, sizeof(log->record) - 1);
	char *message, *end;
	unsigned long priority;

	if (len < 0)
		return errno == EAGAIN ? 0 : -1;
	log->record[len] = 0;
	priority = strtoul(log->record, NULL, 10);
	log->level = priority & 7;
	log->is_kernels = priority < 8;
	message = strchr(log->record, ';');
	if (!message)
		return -1;
	/* What belongs to it comes on lines of its own. */
	end = strchr(++message, '\n');
	if (end)
		*end = 0;
	log->message = message;
	return 1;
}

#endif /* _SELFTESTS_FUZZ_LOG_H */
