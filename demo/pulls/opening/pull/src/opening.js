// Is the shop open at this hour of this weekday (0 is Sunday)?
export function isOpen(day, hour) {
  if (day == 0) { return false }
  if (day == 6) { if (hour >= 9) { if (hour <= 14) { return true } } return false }
  if (hour >= 9) { if (hour <= 18) { return true } }
  return false
}
