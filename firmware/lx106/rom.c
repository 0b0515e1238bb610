// Arithmetic that the instruction set lacks, and that the boot ROM of an ESP8266 has: Debian's compiler comes without it.
typedef unsigned int u32;
typedef unsigned long long u64;

static u64 divide(u64 dividend, u64 divisor, u64 *rest) {
    u64 quotient = 0;
    u64 left = 0;
    for (int bit = 63; bit >= 0; --bit) {
        left = left << 1 | (dividend >> bit & 1);
        if (left >= divisor) {
            left -= divisor;
            quotient |= 1ULL << bit;
        }
    }
    *rest = left;
    return quotient;
}

u64 __udivdi3(u64 dividend, u64 divisor) {
    u64 rest;
    return divide(dividend, divisor, &rest);
}

u64 __umoddi3(u64 dividend, u64 divisor) {
    u64 rest;
    divide(dividend, divisor, &rest);
    return rest;
}

u32 __udivsi3(u32 dividend, u32 divisor) {
    return (u32)__udivdi3(dividend, divisor);
}

u32 __umodsi3(u32 dividend, u32 divisor) {
    return (u32)__umoddi3(dividend, divisor);
}

u64 __muldi3(u64 a, u64 b) {
    u64 product = 0;
    for (; b != 0; b >>= 1, a <<= 1) {
        product += (b & 1) != 0 ? a : 0;
    }
    return product;
}

u32 __mulsi3(u32 a, u32 b) {
    return (u32)__muldi3(a, b);
}
