//! Every rule is seen to fire, and to keep quiet.
