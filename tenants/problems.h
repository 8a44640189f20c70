/* problems: the product's error codes; the runtime's own are in server/problem.c. */
#ifndef TENANTS_PROBLEMS_H
#define TENANTS_PROBLEMS_H

#include "problem.h"

extern const struct problem PROBLEMS[];
extern const size_t PROBLEM_COUNT;

#endif
