//! One seed is one world: the home's rules under a hostile network
