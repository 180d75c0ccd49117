-- One row per entry of SA, which an approved overrun took below zero.
from statement('SA')
