"""Operations on a stack: beginning them, following their events, explaining how they end."""
