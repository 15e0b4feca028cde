// Each calendar: its unit, and its rows as label and string of cells.
() => [...document.querySelectorAll('section.chain')].map(chain => [
    chain.querySelector('.grid')?.classList.item(1) ?? 'hours',
    [...chain.querySelectorAll('.grid li')].map(row => [
        row.querySelector('.d').textContent,
        [...row.querySelectorAll('i')].map(cell => cell.className).join(''),
    ]),
])
