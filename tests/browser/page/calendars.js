// Each calendar: its unit, and its rows as label and string of cells. A row that stands for many
// has one cell.
() => [...document.querySelectorAll('section.chain')].map(chain => [
    chain.querySelector('.grid')?.classList.item(1) ?? 'hours',
    [...chain.querySelectorAll('.grid li')].map(row => [
        row.matches('.fold')
            ? row.querySelector('span:not(.h)').textContent
            : row.querySelector('.d').textContent,
        [...row.querySelectorAll('i')].map(cell => cell.className).join(''),
    ]),
])
