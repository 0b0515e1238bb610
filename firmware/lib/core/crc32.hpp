// CRC-32 as in IEEE 802.3 and zlib.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace gatehouse {

/// Continues from `crc`, 0 at the start. A table of 16 entries: flash space matters more than speed.
inline uint32_t crc32(const void* bytes, size_t size, uint32_t crc = 0) {
    static constexpr uint32_t kTable[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
        0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    const uint8_t* at = static_cast<const uint8_t*>(bytes);
    crc = ~crc;
    for (size_t i = 0; i < size; ++i) {
        crc = kTable[(crc ^ at[i]) & 15U] ^ (crc >> 4);
        crc = kTable[(crc ^ (at[i] >> 4)) & 15U] ^ (crc >> 4);
    }
    return ~crc;
}

}  // namespace gatehouse
