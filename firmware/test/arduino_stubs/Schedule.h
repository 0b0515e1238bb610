#pragma once

#include <stdint.h>

#include <functional>

bool schedule_recurrent_function_us(const std::function<bool()>& function, uint32_t everyUs);
